//! Figures for Prometheus: those of every source and sink, and the names that a pipeline gives them.

mod slots;

use std::fmt::Error;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::Service;
use crate::engine::Status;
use crate::report::{Quantiles, Reading};
use crate::spec::Measure;

/// The labels of a figure.
type Labels = Vec<(&'static str, String)>;

const NO_LABELS: Labels = Labels::new();

/// One figure.
enum Figure {
    Counter(u64),
    Gauge(f64),
    /// A distribution, and how many of its units are one of those that are told.
    Histogram(Quantiles, f64),
}

/// Durations are measured in microseconds and told in seconds. Divided, a bound is the number that
/// people write.
const MICROS: f64 = 1e6;

/// A service, looked at when it is asked.
struct Collected(Arc<Service>);

/// The figures in the text format of OpenMetrics.
///
/// # Errors
/// None is known: the text grows in memory.
pub fn text(service: &Arc<Service>) -> Result<String, Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Collected(service.clone())));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}

impl std::fmt::Debug for Collected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Collected")
    }
}

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        // Collected when Prometheus asks and kept nowhere: figures belong to the run, which may be
        // another one by then. A run that begins anew counts from 0, which `rate()` takes for the
        // reset that it is.
        let pipelines = self.0.pipelines.iter();
        let runs: Vec<Status> = pipelines.filter_map(|one| one.figures()).collect();
        for (families, all) in [(OF_SOURCES, sources(&runs)), (OF_SINKS, sinks(&runs))] {
            for (name, help, told) in families {
                let figures = all.iter().flat_map(|one| figures(one, *told));
                family(&mut encoder, (name, help, told.kind()), figures.collect())?;
            }
        }
        let up = self.0.pipelines.iter().map(|pipeline| {
            let well = f64::from(u8::from(pipeline.troubles().is_empty()));
            let name = pipeline.plan().name.clone();
            (vec![("pipeline", name)], Figure::Gauge(well))
        });
        let help = "1 while the pipeline does what it should";
        let told = ("rowgen_up", help, MetricType::Gauge);
        family(&mut encoder, told, up.collect())?;
        slots::encode(&self.0, &mut encoder)?;
        for (name, measure) in &self.0.offer.metrics {
            let figure = named(&self.0, &runs, *measure);
            let told = (name.as_str(), described(*measure), kind(&figure));
            family(&mut encoder, told, vec![(NO_LABELS, figure)])?;
        }
        Ok(())
    }
}

/// Writes one name with all its figures. A name without figures is written, too: whoever draws it
/// sees that it is right.
fn family(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help, kind): (&str, &str, MetricType),
    figures: Vec<(Labels, Figure)>,
) -> Result<(), Error> {
    // OpenMetrics demands the suffix `_total` of counters, and the library adds it.
    let name = match kind {
        MetricType::Counter => name.strip_suffix("_total").unwrap_or(name),
        _ => name,
    };
    let mut encoder = encoder.encode_descriptor(name, help, None, kind)?;
    for (labels, figure) in &figures {
        match labels.is_empty() {
            true => tell(&mut encoder, figure)?,
            false => tell(&mut encoder.encode_family(labels)?, figure)?,
        }
    }
    Ok(())
}

fn kind(figure: &Figure) -> MetricType {
    match figure {
        Figure::Counter(_) => MetricType::Counter,
        Figure::Gauge(_) => MetricType::Gauge,
        Figure::Histogram(..) => MetricType::Histogram,
    }
}

fn tell(encoder: &mut MetricEncoder<'_>, figure: &Figure) -> Result<(), Error> {
    match figure {
        Figure::Counter(count) => encoder.encode_counter::<Labels, u64, u64>(count, None),
        Figure::Gauge(value) => encoder.encode_gauge(value),
        Figure::Histogram(measured, units) => {
            let bounds = measured.buckets.iter();
            let mut buckets: Vec<(f64, u64)> = bounds
                .map(|(bound, count)| (*bound as f64 / units, *count))
                .collect();
            let counted: u64 = buckets.iter().map(|(_, count)| count).sum();
            // Every histogram of Prometheus ends with the bucket `+Inf`; ours keep no bucket for
            // what is above the last bound.
            buckets.push((f64::INFINITY, measured.count.saturating_sub(counted)));
            let sum = measured.sum as f64 / units;
            encoder.encode_histogram::<Labels>(sum, measured.count, &buckets, None)
        }
    }
}

/// What a reading is asked for.
type Ask = fn(&Reading) -> Figure;

const OF_SOURCES: &[(&str, &str, Told)] = &[
    (
        "rowgen_source_rows_total",
        "Rows read or made",
        Told::Figure(|read| Figure::Counter(read.rows)),
    ),
    (
        "rowgen_source_rejected_total",
        "Rows that could not be read",
        Told::Figure(|read| Figure::Counter(read.rejected)),
    ),
    (
        "rowgen_source_errors_total",
        "What went wrong while reading, by kind",
        Told::Errors,
    ),
    (
        "rowgen_source_lag_rows",
        "Rows that wait to be read, by partition",
        Told::Lag,
    ),
    (
        "rowgen_source_batch_rows",
        "Rows of a batch",
        Told::Figure(|read| Figure::Histogram(read.batch_rows.clone(), 1.0)),
    ),
    (
        "rowgen_source_batch_seconds",
        "Seconds to read or make a batch",
        Told::Figure(|read| Figure::Histogram(read.batch_micros.clone(), MICROS)),
    ),
];

const OF_SINKS: &[(&str, &str, Told)] = &[
    (
        "rowgen_sink_rows_total",
        "Rows that arrived",
        Told::Figure(|read| Figure::Counter(read.rows)),
    ),
    (
        "rowgen_sink_bytes_total",
        "Bytes that arrived",
        Told::Figure(|read| Figure::Counter(read.bytes)),
    ),
    (
        "rowgen_sink_rejected_total",
        "Rows that were refused",
        Told::Figure(|read| Figure::Counter(read.rejected)),
    ),
    (
        "rowgen_sink_retries_total",
        "Writes that were tried again",
        Told::Figure(|read| Figure::Counter(read.retries)),
    ),
    (
        "rowgen_sink_errors_total",
        "What went wrong, by kind",
        Told::Errors,
    ),
    (
        "rowgen_sink_connections",
        "Open connections",
        Told::Figure(|read| Figure::Gauge(read.connections as f64)),
    ),
    (
        "rowgen_sink_commit_seconds",
        "Seconds of a commit",
        Told::Figure(|read| Figure::Histogram(read.commit_micros.clone(), MICROS)),
    ),
];

/// What is told of a source or a sink.
#[derive(Clone, Copy)]
enum Told {
    Figure(Ask),
    Errors,
    Lag,
}

impl Told {
    fn kind(self) -> MetricType {
        match self {
            Self::Figure(ask) => kind(&ask(&Reading::default())),
            Self::Errors => MetricType::Counter,
            Self::Lag => MetricType::Gauge,
        }
    }
}

/// A source or a sink: its labels and its figures.
type Labelled<'a> = (Labels, &'a Reading);

fn sources<'r>(runs: &'r [Status]) -> Vec<Labelled<'r>> {
    let of = |run: &'r Status| {
        run.sources.iter().map(move |one| {
            let table = ("table", one.table.clone());
            (
                vec![("pipeline", run.pipeline.clone()), table],
                &one.figures,
            )
        })
    };
    runs.iter().flat_map(of).collect()
}

fn sinks<'r>(runs: &'r [Status]) -> Vec<Labelled<'r>> {
    let of = |run: &'r Status| {
        run.sinks.iter().map(move |one| {
            let (table, sink) = (("table", one.table.clone()), ("sink", one.name.clone()));
            (
                vec![("pipeline", run.pipeline.clone()), table, sink],
                &one.figures,
            )
        })
    };
    runs.iter().flat_map(of).collect()
}

fn figures((labels, read): &Labelled<'_>, told: Told) -> Vec<(Labels, Figure)> {
    let with = |name, value: String| {
        let mut labels = labels.clone();
        labels.push((name, value));
        labels
    };
    match told {
        Told::Figure(ask) => vec![(labels.clone(), ask(read))],
        Told::Errors => {
            let errors = read.errors.iter();
            errors
                .map(|(kind, count)| (with("kind", kind.clone()), Figure::Counter(*count)))
                .collect()
        }
        Told::Lag => {
            let lag = read.lag.iter();
            lag.map(|(partition, rows)| {
                let labels = with("partition", partition.to_string());
                (labels, Figure::Gauge(*rows as f64))
            })
            .collect()
        }
    }
}

/// A figure of all pipelines together.
fn named(service: &Service, runs: &[Status], measure: Measure) -> Figure {
    let sources = || {
        let all = runs.iter().flat_map(|run| &run.sources);
        all.map(|one| &one.figures)
    };
    let sinks = || {
        let all = runs.iter().flat_map(|run| &run.sinks);
        all.map(|one| &one.figures)
    };
    let failed = |read: &Reading| read.errors.values().sum::<u64>() + read.rejected;
    match measure {
        Measure::SourceRows => {
            Figure::Counter(sources().map(|read| read.rows + read.rejected).sum())
        }
        Measure::SourceErrors => Figure::Counter(sources().map(failed).sum()),
        Measure::SourceBatchRows => {
            Figure::Histogram(together(sources().map(|read| &read.batch_rows)), 1.0)
        }
        Measure::SourceBatchSeconds => {
            Figure::Histogram(together(sources().map(|read| &read.batch_micros)), MICROS)
        }
        Measure::SinkRows => Figure::Counter(sinks().map(|read| read.rows).sum()),
        // A try that failed counts here, also when the next one succeeded.
        Measure::SinkErrors => {
            Figure::Counter(sinks().map(|read| failed(read) + read.retries).sum())
        }
        Measure::SinkCommitSeconds => {
            Figure::Histogram(together(sinks().map(|read| &read.commit_micros)), MICROS)
        }
        Measure::Workers => {
            let workers = service.pipelines.iter().map(|one| one.workers());
            Figure::Gauge(workers.sum::<usize>() as f64)
        }
        Measure::Connections => {
            Figure::Gauge(sinks().map(|read| read.connections).sum::<u64>() as f64)
        }
    }
}

/// Several distributions as one; all have the same bounds.
fn together<'a>(all: impl Iterator<Item = &'a Quantiles>) -> Quantiles {
    let mut sum = Quantiles::default();
    for one in all {
        sum.count += one.count;
        sum.sum += one.sum;
        for (place, (bound, count)) in one.buckets.iter().enumerate() {
            match sum.buckets.get_mut(place) {
                Some(bucket) => bucket.1 += count,
                None => sum.buckets.push((*bound, *count)),
            }
        }
    }
    sum
}

fn described(measure: Measure) -> &'static str {
    match measure {
        Measure::SourceRows => "Rows read, those that could not be read included",
        Measure::SourceErrors => {
            "What went wrong while reading, rows that could not be read included"
        }
        Measure::SourceBatchRows => "Rows of a batch",
        Measure::SourceBatchSeconds => "Seconds to read and decode a batch",
        Measure::SinkRows => "Rows written",
        Measure::SinkErrors => "Writes that failed and rows that were refused",
        Measure::SinkCommitSeconds => "Seconds of a commit",
        Measure::Workers => "Worker threads that work",
        Measure::Connections => "Open connections of sinks",
    }
}
