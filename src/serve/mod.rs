//! A service: pipelines that run side by side, watched and steered over HTTP.
//!
//! ```text
//! supervise   keeps each pipeline running, and begins again what a server has ended
//! watch       sums up what happens: figures since the last reset, and the last minutes
//! trigger     makes rows when it is asked
//! schedule    what is told of the slots of a schedule
//! connections of clients, each for itself
//! http        who may ask for what; page.html is the page at `/`
//! metrics     the same figures for Prometheus
//! ```

mod connections;
mod http;
mod metrics;
mod schedule;
mod supervise;
mod trigger;
mod watch;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

pub use http::{Listener, Server};
pub use supervise::{Supervised, timestamp};
pub use trigger::{MakePlan, Sender};
pub use watch::Watch;

use crate::error::{Error, Problem, Result};
use crate::place::{Placed, Secret, Text};
use crate::schedule::Scheduler;
use crate::spec::{Measure, Serve, Tracking};
use crate::units::parse_address;

/// How often figures are looked at.
// Five looks for each second of the history. No measurement chose it.
const LOOK: Duration = Duration::from_millis(200);

/// What is offered, of all pipelines together.
#[derive(Default)]
pub struct Offer {
    /// The token that every POST needs.
    pub token: Option<Secret>,
    /// Paths that make rows.
    pub senders: Vec<(String, Arc<Sender>)>,
    /// Paths that follow rows.
    pub tracking: Vec<Tracking>,
    /// Metrics under names of their own.
    pub metrics: Vec<(String, Measure)>,
}

impl Offer {
    /// Adds what a pipeline says, but for its triggers.
    ///
    /// # Errors
    /// Its token is not that of the pipelines before it: a service has one.
    pub fn add(&mut self, serve: &Serve) -> Result<(), Problem> {
        // A variable that is empty is as one that is not set: it takes no other pipeline's token away.
        if let Some(token) = serve.token.as_ref().filter(|token| !token.0.is_empty()) {
            let known = self.token.get_or_insert_with(|| token.value.clone());
            if known.0 != token.0 {
                // Its line is not shown: logs hold errors, and a token may stand in the file as it is.
                let file = token.place.file();
                let what = format!("`{file}` has another `token` than a pipeline before it");
                let problem = Problem::new(what);
                return Err(
                    problem.hint("a service has one: say the same in both, or in one alone")
                );
            }
        }
        self.tracking.extend(serve.tracking.clone());
        let metrics = serve.metrics.0.iter();
        self.metrics
            .extend(metrics.map(|(name, measure)| (name.value.clone(), measure.value)));
        Ok(())
    }
}

/// Everything a service is.
pub struct Service {
    /// The pipelines.
    pub pipelines: Vec<Arc<Supervised>>,
    /// Those that run for slots of a schedule.
    pub schedules: Vec<Arc<Scheduler>>,
    /// What happens.
    pub watch: Watch,
    /// What is offered.
    pub offer: Offer,
}

impl Service {
    /// Watches these pipelines.
    pub fn new(
        pipelines: Vec<Arc<Supervised>>,
        schedules: Vec<Arc<Scheduler>>,
        offer: Offer,
    ) -> Arc<Self> {
        Arc::new(Self {
            pipelines,
            schedules,
            watch: Watch::default(),
            offer,
        })
    }

    /// Offers it over HTTP from now on, until what it returns is dropped.
    ///
    /// # Errors
    /// There can be no more threads.
    pub fn listen(self: &Arc<Self>, listener: Listener) -> Result<Server> {
        listener.answer(self)
    }

    /// Looks at the figures, and waits until the next look.
    pub fn look(&self) {
        self.watch.look(self);
        std::thread::sleep(LOOK);
    }

    /// Why it does not do what it should; nothing when all is well.
    pub fn troubles(&self) -> Vec<String> {
        let pipelines = self.pipelines.iter();
        let schedules = self
            .schedules
            .iter()
            .flat_map(|one| schedule::troubles(one));
        let pipelines = pipelines.flat_map(|pipeline| pipeline.troubles());
        pipelines.chain(schedules).collect()
    }

    /// All that is known, for people and pages.
    pub fn status(&self) -> Value {
        let pipelines = self.pipelines.iter();
        let troubles = self.troubles();
        json!({
            "timestamp": timestamp(),
            "version": env!("CARGO_PKG_VERSION"),
            "healthy": troubles.is_empty(),
            "troubles": troubles,
            "pipelines": pipelines.map(|pipeline| pipeline.status()).collect::<Vec<_>>(),
            "schedules": self.schedules.iter().map(|one| schedule::status(one)).collect::<Vec<_>>(),
            "tracking": self.watch.tracked(),
            "triggers": self.offer.senders.iter()
                .map(|(path, sender)| sender.status(path)).collect::<Vec<_>>(),
        })
    }
}

/// The address where neither a flag nor the file says one.
pub const ADDRESS: &str = "127.0.0.1:8080";

/// The address that a pipeline asks for.
pub fn address(listen: Option<&Placed<Text>>) -> Result<SocketAddr> {
    let text = listen.map_or(ADDRESS, |listen| listen.as_str());
    parse_address(text).map_err(|wrong| {
        let problem = Problem::new(wrong);
        Error::user(match listen {
            Some(listen) => problem.at(&listen.place),
            None => problem,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Source;
    use crate::spec::{GivenValues, read_given};

    #[test]
    fn a_service_has_one_token() {
        let serve = |token: &str| {
            let text = format!("version: 1\nserve: {{ token: \"{token}\" }}\n");
            let given = GivenValues::default();
            let pipeline = read_given(Source::new("p.yaml", text), &given);
            pipeline.unwrap().serve
        };
        let mut offer = Offer::default();
        offer.add(&serve("")).unwrap();
        assert!(offer.token.is_none());
        for token in ["open", "", "open"] {
            offer.add(&serve(token)).unwrap();
            assert_eq!(
                offer.token.as_ref().map(|token| token.0.as_str()),
                Some("open")
            );
        }
        assert_eq!(
            offer.add(&serve("other")).unwrap_err().to_string(),
            "error: `p.yaml` has another `token` than a pipeline before it\n  hint: a service has one: say the same in both, or in one alone"
        );
    }
}
