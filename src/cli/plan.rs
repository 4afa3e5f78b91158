//! `rowgen plan`: rows, columns, files and sizes before anything is made.

use serde_json::{Value, json};

use super::arguments::PlanOptions;
use super::check::make_plan;
use super::json::print_json;
use super::print;
use crate::column::show_type;
use crate::domain::{Domain, Order};
use crate::engine::window;
use crate::error::Result;
use crate::format::Operation;
use crate::plan::{Job, JobChanges, JobOrder, Plan, SinkPlan};
use crate::source::BadFiles;
use crate::units::{show_bytes, show_count, show_duration};

pub(super) fn run(options: &PlanOptions) -> Result<u8> {
    // With the trial: sizes and compression are known only once the first batch was encoded.
    let plan = make_plan(&options.file, true)?;
    if options.json {
        return print_json(&as_json(&plan));
    }
    let mut text = head(&plan);
    for job in &plan.jobs {
        text.push_str(&describe_job(job));
        text.push_str(&memory(&plan, job));
        for sink in &job.sinks {
            text.push_str(&describe_sink(sink));
        }
    }
    for warning in &plan.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    print(&text)
}

fn head(plan: &Plan) -> String {
    let mut text = format!("{} ({})\n", plan.name, plan.path);
    text.push_str(&format!(
        "seed {}, fingerprint {}\n",
        plan.seed, plan.fingerprint
    ));
    for (name, value) in &plan.params {
        text.push_str(&format!("param {name} = {value}\n"));
    }
    let shared = plan.jobs.iter().find(|job| !job.own_rate);
    let rate = shared.and_then(|job| job.rate);
    let rate = rate.map_or("as fast as it goes".to_string(), shown_rate);
    text.push_str(&format!("{} threads, {rate}", plan.threads));
    if let Some(duration) = plan.duration {
        text.push_str(&format!(", for {}", show_duration(duration)));
    }
    let mut stalls = plan.jobs.iter();
    let stalls = stalls.find_map(|job| job.stall_timeout(plan.stall_timeout));
    let stalls = stalls.map_or("never".into(), show_duration);
    text.push_str(&format!(", stall timeout {stalls}\n"));
    text
}

fn shown_rate(rate: f64) -> String {
    format!("{rate} rows/s")
}

/// What is said of rows that are left out: how many is known once they are made.
const FILTERED: &str = ", the rows for which `where` is true: how many is not known before";

fn rows(rows: Option<u64>) -> String {
    rows.map_or("endless".to_string(), |rows| {
        format!("{} rows", show_count(rows))
    })
}

fn describe_job(job: &Job) -> String {
    let mut text = format!("\ntable {}: {}", job.table, rows(job.rows));
    if job.rows != job.table_rows {
        text.push_str(&format!(
            " from row {} of {}",
            show_count(job.first_row),
            rows(job.table_rows)
        ));
    }
    text.push_str(&format!(
        " in batches of {}",
        show_count(job.source.batch_rows())
    ));
    if let Some(rate) = job.rate.filter(|_| job.own_rate) {
        text.push_str(&format!(", {}, beside the others", shown_rate(rate)));
    }
    text.push('\n');
    if let Some((opened, columns)) = job.source.source() {
        let schema = opened.schema();
        let used: Vec<&str> = columns
            .iter()
            .map(|column| schema.field(*column).name().as_str())
            .collect();
        let source = opened.describe();
        text.push_str(&format!("  from {source}, columns {}\n", used.join(", ")));
        let left_out = opened.bad_files().and_then(BadFiles::count);
        text.extend(left_out.map(|count| format!("  {count}\n")));
    }
    if let Some(changes) = &job.changes {
        text.push_str(&describe_changes(changes));
    }
    if let Some(counted) = &job.counted {
        text.push_str(&format!("  {counted}\n"));
    }
    if let Some(order) = &job.order {
        text.push_str(&describe_order(order));
    }
    text
}

/// By what rows are sorted, and what that takes.
fn describe_order(order: &JobOrder) -> String {
    let (by, costs) = (&order.by, order.costs);
    let (memory, bytes) = (order.sorting.memory(), costs.entries * costs.entry);
    let memory = show_bytes(memory);
    let of = format!("{} bytes a row, {} in all", costs.entry, show_bytes(bytes));
    match costs.ranges {
        1 => format!("  sorted by {by} in memory: {of} of at most {memory}\n"),
        ranges => {
            let ranges = show_count(ranges);
            format!(
                "  sorted by {by} through a file beside the output: {of}, in {ranges} ranges of keys with {memory} of memory\n"
            )
        }
    }
}

/// What is done to the rows of a table, and how many of them there are in the end.
fn describe_changes(changes: &JobChanges) -> String {
    let table = &changes.table;
    let share = 100.0 * table.share();
    let block = show_count(table.all().block());
    let Some(all) = table.all().count() else {
        return format!("  {share:.1} % of all changes, in blocks of {block} of them\n");
    };
    let counts = Operation::ALL.map(|operation| table.before_of(operation, all));
    let words = counts.iter().zip(Operation::NAMES);
    let words = words.map(|(count, name)| format!("{} {name}s", show_count(*count)));
    let left = show_count(counts[0] - counts[2]);
    format!(
        "  {}, in blocks of {block} changes of all tables; {left} rows are left\n",
        words.collect::<Vec<_>>().join(", ")
    )
}

fn describe_sink(sink: &SinkPlan) -> String {
    let mut text = format!("  sink {}: {}", sink.name, sink.kind);
    match sink.lanes.len() {
        1 => {}
        lanes => text.push_str(&format!(", {lanes} partitions")),
    }
    if sink.is_filtered() {
        text.push_str(FILTERED);
    }
    text.push('\n');
    for (field, domain) in sink.shape.schema.fields().iter().zip(&sink.shape.domains) {
        let data_type = show_type(field.data_type());
        text.push_str(&format!(
            "    {:<28} {data_type:<20} {}\n",
            field.name(),
            knowledge(domain)
        ));
    }
    text.push_str(&format!("    {}\n", sink.guarantee.describe()));
    for line in sink.options.describe(&sink.shape) {
        text.push_str(&format!("    {line}\n"));
    }
    text
}

/// What the batches in flight take: every worker has one in hand, and lanes may wait for as many
/// as the window allows; the open row groups come on top.
fn memory(plan: &Plan, job: &Job) -> String {
    let Some(row) = job.sinks.iter().find_map(|sink| sink.shape.row_memory()) else {
        return String::new();
    };
    let batch = row * job.source.batch_rows() as f64;
    // The window of the engine's gate bounds what may be under way, so this is a bound and no
    // guess.
    let most = batch * window(plan.threads) as f64;
    format!(
        "  {row:.0} bytes a row in memory, at most {} in flight, open row groups apart\n",
        show_bytes(most as u64)
    )
}

fn knowledge(domain: &Domain) -> String {
    let mut known = Vec::new();
    if let Some(values) = &domain.dictionary {
        known.push(format!("dictionary of {}", values.len()));
    } else if let Some(distinct) = domain.distinct {
        known.push(format!("at most {} values", show_count(distinct)));
    }
    if domain.unique {
        known.push("unique".into());
    }
    match domain.order {
        Order::Unknown => {}
        Order::Ascending => known.push("ascending".into()),
        Order::StrictlyAscending => known.push("strictly ascending".into()),
    }
    if domain.nulls {
        known.push("with nulls".into());
    }
    if domain.depends_on_rows {
        known.push("changes with the row count".into());
    }
    if domain.states > 0 {
        let states = show_bytes(domain.states);
        known.push(format!(
            "what it reads is gone through once more for states of blocks, {states}"
        ));
    }
    if domain.depends_on_now {
        known.push("not reproducible".into());
    }
    known.join(", ")
}

fn as_json(plan: &Plan) -> Value {
    let params = plan
        .params
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value }));
    json!({
        "pipeline": plan.name,
        "path": plan.path,
        "seed": plan.seed,
        "fingerprint": plan.fingerprint,
        "params": params.collect::<Vec<_>>(),
        "threads": plan.threads,
        "seconds": plan.duration.map(|duration| duration.as_secs_f64()),
        "stall_timeout_seconds": plan.stall_timeout.map(|timeout| timeout.as_secs_f64()),
        "rows": plan.rows(),
        "tables": plan.jobs.iter().map(job_as_json).collect::<Vec<_>>(),
        "warnings": plan.warnings,
    })
}

fn job_as_json(job: &Job) -> Value {
    json!({
        "table": job.table,
        "rows": job.rows,
        "first_row": job.first_row,
        "table_rows": job.table_rows,
        "batch_rows": job.source.batch_rows(),
        "rows_per_second": job.rate,
        "changes": job.changes.as_ref().map(changes_as_json),
        "counted": job.counted,
        "sorted_by": job.order.as_ref().map(|order| order.by.as_str()),
        "source": job.source.source().map(|(opened, _)| opened.describe()),
        "bad_files": job.source.source().and_then(|(opened, _)| Some(opened.bad_files()?.files.clone())),
        "sinks": job.sinks.iter().map(sink_as_json).collect::<Vec<_>>(),
    })
}

fn changes_as_json(changes: &JobChanges) -> Value {
    let table = &changes.table;
    let of = |operation| {
        let all = table.all().count();
        all.map(|all| table.before_of(operation, all))
    };
    json!({
        "share": table.share(),
        "block": table.all().block(),
        "inserts": of(Operation::Insert),
        "updates": of(Operation::Update),
        "deletes": of(Operation::Delete),
    })
}

fn sink_as_json(sink: &SinkPlan) -> Value {
    let columns = sink.shape.schema.fields().iter().zip(&sink.shape.domains);
    let columns = columns.map(|(field, domain)| {
        json!({
            "name": field.name(),
            "type": show_type(field.data_type()),
            "nullable": field.is_nullable(),
            "nulls": domain.nulls,
            "unique": domain.unique,
            "distinct": domain.distinct,
            "knowledge": knowledge(domain),
        })
    });
    json!({
        "name": sink.name,
        "kind": sink.kind,
        "partitions": sink.lanes.len(),
        "columns": columns.collect::<Vec<_>>(),
        "filtered": sink.is_filtered(),
        "guarantee": sink.guarantee.describe(),
        "output": sink.options.describe(&sink.shape),
    })
}
