//! A real Prometheus reads the service, and answers what the dashboard of `deploy/` asks it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::servers::Servers;
use crate::service::{PATIENCE, Service, ask};
use crate::until;

struct Prometheus {
    servers: Servers,
}

impl Prometheus {
    fn of(service: &Service) -> Self {
        let targets = [("PROMETHEUS_TARGETS", service.address())];
        Self {
            servers: Servers::start(&["prometheus"], &targets),
        }
    }

    /// What an expression selects.
    #[track_caller]
    fn query(&self, expression: &str) -> Vec<Value> {
        let url = self.servers.variable("PROMETHEUS_URL");
        let address = url.strip_prefix("http://").unwrap();
        let encoded: String = expression
            .bytes()
            .map(|byte| match byte.is_ascii_alphanumeric() {
                true => char::from(byte).to_string(),
                false => format!("%{byte:02X}"),
            })
            .collect();
        let path = format!("/api/v1/query?query={encoded}");
        let answer = ask(address, "GET", &path, "").unwrap();
        assert_eq!(answer.status, 200, "{expression}: {}", answer.body);
        let answer = answer.json();
        answer["data"]["result"].as_array().unwrap().clone()
    }

    /// The one value of an expression.
    fn value(&self, expression: &str) -> Option<f64> {
        number(self.query(expression).first()?)
    }
}

fn number(sample: &Value) -> Option<f64> {
    sample["value"][1].as_str()?.parse().ok()
}

/// Every expression of the dashboard.
fn expressions() -> Vec<String> {
    let dashboard: Value =
        serde_json::from_str(include_str!("../../deploy/grafana/rowgen.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    let expressions = targets.map(|target| target["expr"].as_str().unwrap().to_string());
    expressions.collect()
}

/// As Grafana asks it.
fn filled(expression: &str) -> String {
    expression
        .replace("$__rate_interval", "1m")
        .replace("$__range", "1h")
        .replace("$pipeline", ".*")
}

/// The metrics that an expression names: words with a `_` that are no function.
fn names(expression: &str) -> BTreeSet<String> {
    let mut bare = String::new();
    let mut inside = 0;
    for letter in expression.chars() {
        match letter {
            '{' | '[' => inside += 1,
            '}' | ']' => inside -= 1,
            letter if inside == 0 => bare.push(letter),
            _ => {}
        }
    }
    let words = bare.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let named = words.filter(|word| word.contains('_') && *word != "histogram_quantile");
    named.map(ToString::to_string).collect()
}

/// What a service says that it tells, of histograms each series.
fn told(metrics: &str) -> BTreeSet<String> {
    let types = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    let names = types.flat_map(|line| {
        let (name, kind) = line.split_once(' ').unwrap();
        let parts: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        parts.iter().map(move |part| format!("{name}{part}"))
    });
    names.collect()
}

#[test]
fn a_real_prometheus_answers_what_the_dashboard_asks() {
    let service = Service::start(&[]);
    let complete = |service: &Service| service.get("/tracking-status").json()["complete"] == true;
    service.post("/send-test-data-concurrently?count=20000");
    service.until("rows arrive", complete);
    let prometheus = Prometheus::of(&service);
    let written = "database_records_written_total";
    let is = |expression: &str, expected: f64| {
        let told = || format!("{expression} is {:?}", prometheus.query(expression));
        until(told, PATIENCE, || {
            prometheus.value(expression) == Some(expected)
        });
    };
    is("up", 1.0);
    is(written, 20_000.0);
    service.post("/send-test-data-concurrently?count=30000");
    is(written, 50_000.0);
    is("kafka_messages_consumed_total", 50_000.0);
    is("sum(rowgen_sink_rows_total)", 50_000.0);
    is("rowgen_up", 1.0);
    is("count(rowgen_source_lag_rows)", 20.0);
    is("sum(kafka_batch_size_sum)", 50_000.0);
    is(
        "kafka_batch_size_bucket{le=\"+Inf\"} - on() kafka_batch_size_count",
        0.0,
    );
    drawn(&prometheus, &service);
}

/// Every expression has an answer, but for errors by kind: there are none.
fn drawn(prometheus: &Prometheus, service: &Service) {
    let told = told(&service.get("/metrics").body);
    let all = expressions();
    assert!(all.len() > 30, "{all:?}");
    for expression in all {
        for name in names(&expression) {
            assert!(
                told.contains(&name),
                "{name}, which {expression} names, is not told"
            );
        }
        let filled = filled(&expression);
        let told = || format!("{filled}: {:?}", prometheus.query(&filled));
        until(told, Duration::from_secs(20), || {
            let found = prometheus.query(&filled);
            let all_are = found.iter().filter_map(number).all(f64::is_finite);
            expression.contains("kind") || (!found.is_empty() && all_are)
        });
    }
}
