//! The run: workers pull batch numbers, make batches, hand them to lanes; sinks commit; a report.
//!
//! Invariants: batch n depends only on the plan and n. A worker starts batch n only within a fixed
//! window of the slowest live lane, so memory is bounded and nothing can deadlock: the slowest
//! lane's next batch is always being made by somebody who does not wait.

mod facts;
mod failures;
mod finish;
pub(crate) mod gate;
mod lanes;
mod opened;
mod places;
mod read_again;
mod room;
mod run;
mod running;
mod sort;
mod standing;
mod stop;
mod watch;
mod work;

pub use lanes::connect;
pub use places::{check, written};
pub use run::window;
pub use running::{RunOptions, Running, start};
pub use standing::standing;
pub use stop::Stop;
pub use watch::{RunState, SinkStatus, SourceStatus, Status};
