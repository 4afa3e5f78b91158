//! Which columns of a sink are compared, as what, and what tells their rows apart.

use arrow::array::new_empty_array;
use arrow::datatypes::{DataType, Field};

use super::CompareOptions;
use super::held::Held;
use super::keyed::Keyed;
use super::spelling::Spelling;
use crate::domain::Domain;
use crate::format::ChangeColumns;
use crate::plan::SinkPlan;
use crate::source::convert;

/// A column that is compared.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Its name and type in the sink.
    pub field: Field,
    /// Where its expected values come from.
    pub from: From,
    /// What the sink keeps of them.
    pub held: Held,
}

/// Where expected values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// A column of the batches.
    Batch(usize),
    /// A part of the name of the folder.
    Folder(usize),
}

/// The columns of a sink.
#[derive(Debug)]
pub(super) struct Columns {
    /// Those that are compared.
    pub compared: Vec<Column>,
    /// Those that are not, and why.
    pub left_out: Vec<(String, String)>,
    /// What tells rows apart.
    pub keyed: Keyed,
}

/// Why values cannot be computed again.
const NOW: &str = "its values depend on the moment of the run";

impl Columns {
    /// The columns of a sink whose output is spelt like this.
    pub(super) fn of(sink: &SinkPlan, spelling: &Spelling, float_ulps: u64) -> Self {
        let shape = sink.shape.written();
        let (mut compared, mut left_out) = (Vec::new(), Vec::new());
        let mut domains = Vec::new();
        let fields = shape.schema.fields().iter().zip(&shape.domains);
        let changes = sink.applies();
        let said = |index: &usize| {
            let of_change = |changes: &ChangeColumns| [changes.operation, changes.change];
            // Operation and change number arrive at the sink and are stored in no column of the
            // table.
            changes.is_some_and(|changes| of_change(changes).contains(index))
        };
        for (index, (field, domain)) in fields.enumerate().filter(|(index, _)| !said(index)) {
            // Left out and told, not refused: one column with the time of the run makes no other
            // column unknown.
            let held = match domain.depends_on_now {
                true => Err(NOW.to_string()),
                false => spelling.held(field),
            };
            match held {
                Ok(held) => {
                    compared.push(Column {
                        field: held.field(field),
                        from: From::Batch(index),
                        held,
                    });
                    domains.push(domain);
                }
                Err(why) => left_out.push((field.name().clone(), why)),
            }
        }
        let keyed = match changes {
            Some(changes) => by_key(&compared, &domains, changes.key),
            None => keyed(&compared, &domains, float_ulps),
        };
        compared.extend(folders(sink));
        let keyed = keyed.unwrap_or_else(|| Keyed::Rows(by_rows(&compared, float_ulps)));
        Self {
            compared,
            left_out,
            keyed,
        }
    }

    /// Their fields, in order.
    pub(super) fn fields(&self) -> Vec<Field> {
        let columns = self.compared.iter();
        columns.map(|column| column.field.clone()).collect()
    }

    /// What they are called where they are read.
    ///
    /// # Errors
    /// `--columns` names another one.
    pub(super) fn names(&self, options: &CompareOptions) -> Result<Vec<String>, String> {
        let map = options.against.as_ref();
        let map = map.map_or(&[][..], |against| &against.columns);
        let fields = self.fields();
        let own = || fields.iter().map(|field| field.name().as_str());
        if let Some((wrong, _)) = map.iter().find(|(name, _)| own().all(|own| own != name)) {
            let near = crate::error::did_you_mean(wrong, own());
            let near = near.map_or(String::new(), |near| format!("; {near}"));
            return Err(format!(
                "`--columns`: it has no column `{wrong}` that is compared{near}"
            ));
        }
        let other = |name: &str| {
            let other = map.iter().find(|(own, _)| own == name);
            other.map_or(name, |(_, other)| other).to_string()
        };
        Ok(own().map(other).collect())
    }
}

/// The columns that the names of folders hold: they are written as people and programs like, `month=1` and
/// `month=01`.
fn folders(sink: &SinkPlan) -> impl Iterator<Item = Column> {
    let fields = sink.shape.folders.iter().enumerate();
    fields.map(|(index, field)| {
        let field = Held::plain(field).field(field);
        let none = new_empty_array(&DataType::Utf8);
        let data_type = match convert(&none, field.data_type()) {
            Ok(_) => field.data_type().clone(),
            Err(_) => DataType::Utf8,
        };
        Column {
            field: field.with_data_type(data_type),
            from: From::Folder(index),
            held: Held::Same,
        }
    })
}

/// A column of which no value stands twice, best one of whole numbers; none where there is no such one.
fn keyed(columns: &[Column], domains: &[&Domain], float_ulps: u64) -> Option<Keyed> {
    // Proved by the plan, not seen in the data: a key that is unique by chance in what is found
    // would hide a doubled row. A column that the sink keeps rounded may stand twice there.
    let unique = |index: &usize| {
        let domain = domains[*index];
        let whole = matches!(columns[*index].held, Held::Same | Held::Hexadecimal);
        domain.unique && !domain.nulls && whole
    };
    let unique: Vec<usize> = (0..columns.len()).filter(unique).collect();
    let integer = unique.iter().find_map(|index| {
        let (min, max) = domains[*index].bounds()?;
        let integer = columns[*index].field.data_type().is_integer();
        // Whole numbers before other keys: their ranges are rows that stand together.
        integer.then_some(Keyed::Integer {
            column: *index,
            min,
            max,
        })
    });
    // A hash knows no tolerance: a float that is near enough would be another row.
    let exact = |index: &&usize| float_ulps == 0 || !has_floats(columns[**index].field.data_type());
    let column = unique.iter().find(exact);
    integer.or_else(|| column.map(|column| Keyed::Column(*column)))
}

/// The key of rows that change.
fn by_key(columns: &[Column], domains: &[&Domain], key: usize) -> Option<Keyed> {
    let at = |column: &Column| column.from == From::Batch(key);
    let column = columns.iter().position(at)?;
    let integer = columns[column].field.data_type().is_integer();
    let bounds = domains[column].bounds().filter(|_| integer);
    Some(
        bounds.map_or(Keyed::Column(column), |(min, max)| Keyed::Integer {
            column,
            min,
            max,
        }),
    )
}

/// All columns; without floats where those need not be equal.
fn by_rows(columns: &[Column], float_ulps: u64) -> Vec<usize> {
    let all = columns.iter().enumerate();
    let exact = all.filter(|(_, column)| float_ulps == 0 || !has_floats(column.field.data_type()));
    exact.map(|(index, _)| index).collect()
}

/// True for floats, and for what has some in it.
fn has_floats(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(item) => has_floats(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_floats(field.data_type())),
        other => other.is_floating(),
    }
}
