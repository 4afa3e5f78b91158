//! Values that are carried on from row to row of a group, made for any rows.

use std::ops::Range;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::Group;
use super::blocks::{BLOCK, BlockStates};
use super::own::OwnColumns;
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::{Fill, MadeAgain};
use crate::column::rows::Rows;
use crate::domain::Domain;
use crate::error::Result;

/// Something that each row does to a state.
pub(in crate::column) trait Scan: Send + Sync {
    /// What is carried on.
    type State: Clone + Send + Sync;
    /// What rows do, ready to be gone through.
    type Steps;
    /// What a block of rows does, whatever the state before it.
    type Block: Send;
    /// What a row shows of its state.
    type Value: Clone;

    /// What `rows` do; `inputs` are the columns that were asked for before the group.
    ///
    /// # Errors
    /// A value that nothing can be made of.
    fn steps(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<Self::Steps>;

    /// The state before the first row of a group.
    fn initial(&self) -> Self::State;

    /// Goes through the row at `index` of the steps, which has this place in its group.
    fn step(&self, state: &mut Self::State, steps: &Self::Steps, index: usize, place: u64);

    /// What a row shows.
    fn value(&self, state: &Self::State) -> Self::Value;

    /// What the rows of the steps do that stand in a block whose first row has this place in its group.
    fn block(&self, steps: &Self::Steps, rows: Range<usize>, place: u64) -> Self::Block;

    /// The state behind a block.
    fn apply(&self, state: &mut Self::State, block: &Self::Block);

    /// The column of what rows show.
    ///
    /// # Errors
    /// A value that the type cannot hold, naming the row.
    fn array(&self, rows: Rows<'_>, values: Vec<Self::Value>) -> Result<ArrayRef>;
}

/// A column of such values.
pub(in crate::column) struct Carried<S: Scan> {
    pub(super) scan: S,
    pub(super) group: Group,
    own: OwnColumns,
    /// How many inputs the scan reads.
    read: usize,
    pub(super) states: BlockStates<S::State>,
}

/// From the first row of a group so many are gone through before states of blocks are asked for.
const DIRECT: u64 = 4096;
/// Rows that are made at once for lists of rows.
const TOGETHER: usize = 1 << 16;

/// Rows of one group that are gone through for some of a list.
struct Stretch {
    start: u64,
    /// Places in the group.
    from: u64,
    to: u64,
    /// Those of the list, in its order by rows.
    wanted: Range<usize>,
}

impl<S: Scan> Carried<S> {
    /// Goes through rows with `scan`, which reads the first `read` inputs.
    pub(in crate::column) fn new(scan: S, group: Group, read: usize, build: &Build<'_>) -> Self {
        Self {
            scan,
            group,
            own: OwnColumns::first(read, build),
            read,
            states: BlockStates::new(),
        }
    }

    /// The column of what rows show, with what its states take.
    pub(in crate::column) fn column(self, data_type: DataType, domain: Domain) -> BuiltColumn
    where
        S: 'static,
    {
        let states = self.group.blocks(DIRECT) * size_of::<S::State>() as u64;
        BuiltColumn::new(data_type, Domain { states, ..domain }, self)
    }

    /// Where to begin so as to reach a place.
    fn resume(place: u64) -> u64 {
        match place <= DIRECT {
            true => 0,
            false => place / BLOCK * BLOCK,
        }
    }

    fn state_at(&self, start: u64, resumed: u64) -> Result<S::State> {
        match resumed {
            0 => Ok(self.scan.initial()),
            _ => self.state_before(start, resumed / BLOCK),
        }
    }

    /// The state before a row of this place.
    fn before(&self, row: u64, place: u64) -> Result<S::State> {
        let (start, from) = (row - place, Self::resume(place));
        let mut state = self.state_at(start, from)?;
        if from < place {
            let count = (place - from) as usize;
            let rows = Rows::Range {
                first: start + from,
                count,
            };
            let steps = self.scan.steps(rows, &self.own.at(rows)?)?;
            for (index, place) in (from..place).enumerate() {
                self.scan.step(&mut state, &steps, index, place);
            }
        }
        Ok(state)
    }

    fn range(&self, first: u64, places: &[u64], inputs: &[ArrayRef]) -> Result<Vec<S::Value>> {
        let rows = Rows::Range {
            first,
            count: places.len(),
        };
        let steps = self.scan.steps(rows, &inputs[..self.read])?;
        let mut state = self.before(first, places[0])?;
        let mut values = Vec::with_capacity(places.len());
        for (index, place) in places.iter().enumerate() {
            if *place == 0 {
                state = self.scan.initial();
            }
            self.scan.step(&mut state, &steps, index, *place);
            values.push(self.scan.value(&state));
        }
        Ok(values)
    }

    /// The values of a list of rows: sorted, rows of one group are reached together.
    fn list(&self, rows: &[u64], places: &[u64]) -> Result<Vec<S::Value>> {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_unstable_by_key(|index| rows[*index]);
        let stretches = stretches(&order, rows, places, Self::resume);
        let mut values: Vec<Option<S::Value>> = vec![None; rows.len()];
        let mut left = &stretches[..];
        while !left.is_empty() {
            let mut count = 0;
            let fits = |stretch: &&Stretch| {
                let before = count;
                count += (stretch.to - stretch.from) as usize;
                before == 0 || count <= TOGETHER
            };
            let some = left.iter().take_while(fits).count();
            let put = |index: usize, value| values[order[index]] = Some(value);
            self.go_through(&left[..some], &order, places, put)?;
            left = &left[some..];
        }
        Ok(values.into_iter().flatten().collect())
    }

    fn go_through(
        &self,
        stretches: &[Stretch],
        order: &[usize],
        places: &[u64],
        mut put: impl FnMut(usize, S::Value),
    ) -> Result<()> {
        let rows = |stretch: &Stretch| stretch.start + stretch.from..stretch.start + stretch.to;
        let all: Vec<u64> = stretches.iter().flat_map(rows).collect();
        let rows = Rows::List(&all);
        let steps = self.scan.steps(rows, &self.own.at(rows)?)?;
        let mut index = 0;
        for stretch in stretches {
            let mut state = self.state_at(stretch.start, stretch.from)?;
            let mut wanted = stretch.wanted.clone().peekable();
            for place in stretch.from..stretch.to {
                self.scan.step(&mut state, &steps, index, place);
                index += 1;
                // A row can stand in a list several times.
                while let Some(at) = wanted.next_if(|at| places[order[*at]] == place) {
                    put(at, self.scan.value(&state));
                }
            }
        }
        Ok(())
    }

    /// What each of some blocks of a group does.
    pub(super) fn blocks(&self, start: u64, first: u64, end: u64) -> Result<Vec<S::Block>> {
        let rows = Rows::Range {
            first: start + first * BLOCK,
            count: ((end - first) * BLOCK) as usize,
        };
        let steps = self.scan.steps(rows, &self.own.at(rows)?)?;
        let block = |block: u64| {
            let at = ((block - first) * BLOCK) as usize;
            self.scan
                .block(&steps, at..at + BLOCK as usize, block * BLOCK)
        };
        Ok((first..end).map(block).collect())
    }
}

/// The rows to go through for those of a list, in the order `order` by rows.
fn stretches(
    order: &[usize],
    rows: &[u64],
    places: &[u64],
    resume: impl Fn(u64) -> u64,
) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (at, index) in order.iter().enumerate() {
        let (place, start) = (places[*index], rows[*index] - places[*index]);
        let from = resume(place);
        match stretches.last_mut() {
            Some(last) if last.start == start && last.to >= from => {
                last.to = place + 1;
                last.wanted.end = at + 1;
            }
            _ => stretches.push(Stretch {
                start,
                from,
                to: place + 1,
                wanted: at..at + 1,
            }),
        }
    }
    stretches
}

impl<S: Scan> Fill for Carried<S> {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let places = self.group.places(rows, inputs);
        let values = match rows {
            _ if places.is_empty() => Vec::new(),
            Rows::Range { first, .. } => self.range(first, &places, inputs)?,
            Rows::List(list) => self.list(list, &places)?,
        };
        self.scan.array(rows, values)
    }

    fn again(&self) -> Option<MadeAgain<'_>> {
        Some(self.own.again(self.group.places))
    }
}
