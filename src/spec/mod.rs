//! What the file says: one YAML pipeline file, its includes, its params, every value with its place.

mod changes;
mod given;
mod include;
mod ledger;
mod log;
mod mistakes;
mod pipeline;
mod read;
mod repeat;
mod run;
mod schedule;
mod schema;
mod scope;
mod serve;
mod sink;
mod table;

pub use changes::{Changes, Image, Mix, Update};
pub use given::GivenValues;
pub use ledger::{AskedFaults, Ledger};
pub use log::{Log, Style};
pub use pipeline::Pipeline;
pub use read::{read, read_given};
pub use repeat::Repeat;
pub use run::{Arrivals, CatchUp, Ramp, Run};
pub use schedule::{AskedSlot, Missed, Schedule, Scheduled, Slot, Slots, Template};
pub use schema::{schema, schema_draft_07};
pub use serve::{Measure, Serve, Tracking, Trigger};
pub use sink::{AskedDelivery, Common as SinkCommon, OnSinkFailure, Projection, SinkEntry};
pub use table::{ReferenceFile, Table};
