//! Columns that read each other in a circle: no value would ever be made.

use super::Builder;
use crate::error::Problem;
use crate::place::Place;

impl Builder {
    /// The column is read by itself, through all that are being built since it is.
    pub(super) fn cycle(&self, scope: usize, index: usize, place: &Place) -> Problem {
        let building = &self.building;
        let start = building.iter().rposition(|at| *at == (scope, index));
        let around = building[start.unwrap_or(0)..].iter();
        let around: Vec<(usize, usize)> = around.copied().chain([(scope, index)]).collect();
        let table = self.root(scope);
        if around.iter().any(|(scope, _)| self.root(*scope) != table) {
            let names = around.iter().map(|(scope, index)| {
                let scope = &self.scopes[*scope];
                scope.path(&scope.columns[*index].0.value)
            });
            let names: Vec<String> = names.collect();
            let circle = names.join(" → ");
            let message = format!("columns refer to each other in a circle: {circle}");
            return Problem::new(message).at(place);
        }
        let own = around.iter().filter(|(within, _)| *within == scope);
        let names: Vec<&str> = own
            .map(|(scope, index)| self.scopes[*scope].columns[*index].0.value.as_str())
            .collect();
        Problem::new(format!(
            "columns of `{}` refer to each other in a circle: {}",
            self.scopes[scope].name,
            names.join(" → ")
        ))
        .at(place)
    }
}
