//! What a run before has published at a place, or decided there.

use super::super::File;
use super::super::layout::PathLayout;
use super::decision::{DecisionCopy, ObjectOutput};
use super::lease::Lease;
use super::place::ObjectPlace;
use crate::client::object::LOOK;
use crate::error::Result;
use crate::sink::{Publish, Record, Target};

/// It is settled when the run is done, and withdrawn where the output is made anew.
struct EarlierObjects {
    place: ObjectPlace,
    fingerprint: String,
    output: Option<ObjectOutput>,
    /// Nobody writes there until the run ends.
    _lease: Option<Lease>,
}

/// What runs before have decided at this place, with its record where it is known.
///
/// # Errors
/// Somebody is at work there, or the store refuses or is not there.
pub(in super::super) fn earlier(
    file: &File,
    layout: &PathLayout,
    target: &Target,
    record: Option<&serde_json::Value>,
) -> Result<Box<dyn Publish>> {
    let earlier = known(layout, target, record);
    Ok(Box::new(
        earlier.map_err(|error| error.at(&file.path.place))?,
    ))
}

fn known(
    layout: &PathLayout,
    target: &Target,
    record: Option<&serde_json::Value>,
) -> Result<EarlierObjects> {
    let place = ObjectPlace::new(layout, LOOK)?;
    let lease = record.map(|_| Lease::take(&place, &*target.run));
    Ok(EarlierObjects {
        _lease: lease.transpose()?,
        place,
        fingerprint: target.fingerprint.clone(),
        output: record.and_then(ObjectOutput::of),
    })
}

impl EarlierObjects {
    fn forget(&self) -> Result<()> {
        let mine = |output: &ObjectOutput| output.decided.fingerprint == self.fingerprint;
        match DecisionCopy::kept(&self.place)? {
            Some(copy) if copy.outputs.iter().any(mine) => {
                let journal = std::slice::from_ref(&self.place.journal);
                self.place.bucket.remove(journal)
            }
            _ => Ok(()),
        }
    }
}

impl Publish for EarlierObjects {
    fn record(&self) -> Option<serde_json::Value> {
        self.output.as_ref().and_then(ObjectOutput::record)
    }

    fn decide(&self, run: &[Record], _goes_on: bool) -> Result<()> {
        if self.output.is_none() {
            return Ok(());
        }
        let text = DecisionCopy::of(run)?.text()?;
        self.place.bucket.put(&self.place.journal, &text)
    }

    fn publish(&self) -> Result<()> {
        Ok(())
    }

    fn settle(&self) -> Result<()> {
        self.forget()
    }

    fn withdraw(self: Box<Self>) -> Result<()> {
        self.forget()
    }
}
