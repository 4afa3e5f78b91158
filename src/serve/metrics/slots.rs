//! Figures of schedules: slots that are done, made, missed, failed.

use std::fmt::Error;
use std::sync::Arc;

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::{Figure, Labels, family, kind};
use crate::serve::Service;
use crate::serve::schedule::{SlotFigures, figures};

/// A name, what it is, and how it is read; one that is not known yet is not told.
type Told = (
    &'static str,
    &'static str,
    fn(&SlotFigures) -> Option<Figure>,
);

const FIGURES: &[Told] = &[
    (
        "rowgen_schedule_slots_made_total",
        "Slots that were made since the service began",
        |slots| Some(Figure::Counter(slots.made)),
    ),
    (
        "rowgen_schedule_failures_total",
        "Tries at a slot that have failed",
        |slots| Some(Figure::Counter(slots.failures)),
    ),
    (
        "rowgen_schedule_rows_total",
        "Rows made for slots",
        |slots| Some(Figure::Counter(slots.rows)),
    ),
    (
        "rowgen_schedule_slots_running",
        "Slots that are made now",
        |slots| Some(Figure::Gauge(slots.running as f64)),
    ),
    (
        "rowgen_schedule_slots_missed",
        "Slots that are due and neither done nor made now",
        |slots| Some(Figure::Gauge(slots.missed as f64)),
    ),
    (
        "rowgen_schedule_slots_failed",
        "Slots whose last try has failed",
        |slots| Some(Figure::Gauge(slots.failed as f64)),
    ),
    (
        "rowgen_schedule_last_done_timestamp_seconds",
        "When the newest slot that is done was due",
        |slots| Some(Figure::Gauge(slots.last_done?.timestamp() as f64)),
    ),
    (
        "rowgen_schedule_next_timestamp_seconds",
        "When the next slot is due",
        |slots| Some(Figure::Gauge(slots.next?.timestamp() as f64)),
    ),
];

/// All of them, each with the label `pipeline`; a service without schedules tells none.
pub(super) fn encode(
    service: &Arc<Service>,
    encoder: &mut DescriptorEncoder<'_>,
) -> Result<(), Error> {
    let schedules = service.schedules.iter();
    let all: Vec<(Labels, SlotFigures)> = schedules
        .map(|one| (vec![("pipeline", one.task().name.clone())], figures(one)))
        .collect();
    for (name, help, read) in FIGURES.iter().filter(|_| !all.is_empty()) {
        let told = all
            .iter()
            .filter_map(|(labels, slots)| Some((labels.clone(), read(slots)?)));
        let told: Vec<_> = told.collect();
        let kind = told
            .first()
            .map_or(MetricType::Gauge, |(_, figure)| kind(figure));
        family(encoder, (name, help, kind), told)?;
    }
    Ok(())
}
