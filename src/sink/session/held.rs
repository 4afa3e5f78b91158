//! Partitions that a session's connections hold, so that two runs of one load do not do the same work beside
//! each other: the later one waits, and says for whom.
//!
//! Two runs that each had some of the partitions would wait for each other for ever. So the session that comes
//! first holds the whole load, too (of changes: of all tables in the database), and the others of its run wait
//! for that; and a session whose partitions another run has got, as it stood still, does not wait: its run ends.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Failure;
use crate::client::offsets::{Holder, Wanted};
use crate::error::{Error, Problem};
use crate::sink::applied::SHARDS;
use crate::sync::lock;

/// No session, or no connection.
const NONE: i64 = -1;

/// For how long somebody else must have had a partition to count as another run. A connection that
/// this run has just given up keeps its locks until the server notices.
// Without this wait a run took its own old connection for another run, and ended. Five seconds are
// a choice. Tests have no old connections, and do not wait.
const LOST: Duration = Duration::from_secs(if cfg!(test) { 0 } else { 5 });

/// How often is looked whether the session that came first holds the load.
// A choice; nothing was measured.
const LOOK: Duration = Duration::from_millis(20);

/// Which session holds the whole load, of all that a run has for it.
#[derive(Debug)]
pub struct Leader {
    /// How many sessions there are.
    sessions: AtomicI64,
    /// The one that came first.
    first: AtomicI64,
    /// It has held the load once.
    holds: AtomicBool,
    /// Who had it when it was asked for last.
    holder: Mutex<Option<Holder>>,
    /// What the load is called, table by table.
    tables: Mutex<Vec<String>>,
}

impl Default for Leader {
    fn default() -> Self {
        Self {
            sessions: AtomicI64::new(0),
            first: AtomicI64::new(NONE),
            holds: AtomicBool::new(false),
            holder: Mutex::default(),
            tables: Mutex::default(),
        }
    }
}

/// The partitions of one session.
#[derive(Debug)]
pub struct Held {
    /// Which session it is, of all that the leader knows.
    session: i64,
    partitions: Vec<i32>,
    leader: Arc<Leader>,
    /// The connection that held them last.
    last: AtomicI64,
    /// Who else has them, and since when that is seen.
    seen: Mutex<Option<(i64, Instant)>>,
}

impl Held {
    /// Those of sessions that are partitions, of a load that is called `name`.
    pub fn sessions(count: usize, name: String) -> Vec<Arc<Self>> {
        Self::all(count, &Arc::default(), name, |number| number..=number)
    }

    /// Those of sessions that share the shards of changes, of a table that is called `name`.
    pub fn shards(count: usize, leader: &Arc<Leader>, name: String) -> Vec<Arc<Self>> {
        let shards = |number| (number..SHARDS).step_by(count.max(1));
        Self::all(count, leader, name, shards)
    }

    fn all<I: Iterator<Item = usize>>(
        count: usize,
        leader: &Arc<Leader>,
        name: String,
        partitions: impl Fn(usize) -> I,
    ) -> Vec<Arc<Self>> {
        lock(&leader.tables).push(name);
        let held = |number: usize| Self {
            session: leader.sessions.fetch_add(1, Ordering::Relaxed),
            // Below the number of shards, or of sessions.
            partitions: partitions(number).map(|one| one as i32).collect(),
            leader: leader.clone(),
            last: AtomicI64::new(NONE),
            seen: Mutex::default(),
        };
        (0..count).map(|number| Arc::new(held(number))).collect()
    }

    /// Waits until it is this session's turn, and says what it is to hold then.
    ///
    /// # Errors
    /// The first session of this run waits for another run.
    pub async fn turn(&self) -> Result<Wanted<'_>, Failure> {
        loop {
            if let Some(wanted) = self.wanted() {
                return Ok(wanted);
            }
            // Told as the leader's own trouble is: sessions that waited in silence left the user
            // without a word about the run that has the load.
            if let Some(holder) = &*lock(&self.leader.holder) {
                return Err(at_work(Some(holder)));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What it is to hold now; nothing while another session of this run is to hold the load first.
    fn wanted(&self) -> Option<Wanted<'_>> {
        let leader = &self.leader;
        let (relaxed, acquire) = (Ordering::Relaxed, Ordering::Acquire);
        let first = leader
            .first
            // Whichever session comes first leads, and not always number 0: that one may have no
            // rows, and sessions connect only when they have some.
            .compare_exchange(NONE, self.session, relaxed, relaxed);
        let leads = first.map_or_else(|first| first == self.session, |_| true);
        let whole = leads.then(|| {
            let mut tables = lock(&leader.tables).clone();
            // Sessions join in any order, and the name of the lock must be the same in every run of
            // the load.
            tables.sort_unstable();
            tables.join(", ")
        });
        (leads || leader.holds.load(acquire)).then_some(Wanted {
            whole,
            partitions: &self.partitions,
        })
    }

    /// A connection of this session holds them now.
    pub fn hold(&self, connection: i64) {
        self.last.store(connection, Ordering::Relaxed);
        // The others must not go on telling of a run that has ended.
        *lock(&self.leader.holder) = None;
        self.leader.holds.store(true, Ordering::Release);
    }

    /// The connection of this session that had them last, and has them still: it was cut off, and the server
    /// does not know yet.
    pub fn own(&self, holder: Option<&Holder>) -> Option<i64> {
        let last = self.last.load(Ordering::Relaxed);
        holder.map(|holder| holder.id).filter(|id| *id == last)
    }

    /// Somebody else has one of them: they are waited for, unless this session had them and has lost them.
    pub fn taken(&self, holder: Option<&Holder>) -> Failure {
        *lock(&self.leader.holder) = holder.cloned();
        let mut seen = lock(&self.seen);
        let since = seen.filter(|(id, _)| holder.is_some_and(|holder| holder.id == *id));
        let since = since.map_or_else(Instant::now, |(_, since)| since);
        *seen = holder.map(|holder| (holder.id, since));
        // Only who has held the partitions can have lost them. Who has not waits for the other run
        // to end.
        let had = self.last.load(Ordering::Relaxed) != NONE && self.own(holder).is_none();
        let is_lost = had && since.elapsed() >= LOST;
        match holder.filter(|_| is_lost) {
            None => at_work(holder),
            Some(holder) => Failure::Stop(Error::run(
                Problem::new(format!(
                    "another run of this load has taken over while this one stood still: {} has its lock",
                    holder.shown
                ))
                .hint(
                    "that run goes on with all that is left; end it before this one is begun again",
                ),
            )),
        }
    }
}

fn at_work(holder: Option<&Holder>) -> Failure {
    let who = holder.map(|holder| format!(": {} has its lock", holder.shown));
    let who = who.unwrap_or_default();
    Failure::Again(Error::run(format!(
        "another run of this load is at work{who}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_one_session() {
        let all = |sessions: usize, applies| {
            let held = match applies {
                true => Held::shards(sessions, &Arc::default(), "load".into()),
                false => Held::sessions(sessions, "load".into()),
            };
            let mut all: Vec<i32> = held
                .iter()
                .flat_map(|held| held.partitions.clone())
                .collect();
            all.sort_unstable();
            all
        };
        assert!(all(5, true).into_iter().eq(0..SHARDS as i32));
        assert_eq!(all(3, false), [0, 1, 2]);
    }

    fn holder(id: i64) -> Holder {
        Holder {
            id,
            shown: format!("connection {id}"),
        }
    }

    #[test]
    fn the_session_that_comes_first_holds_the_load_before_the_others() {
        let leader = Arc::default();
        let orders = Held::all(2, &leader, "orders".into(), |number| number..=number);
        let customers = Held::all(1, &leader, "customers".into(), |number| number..=number);
        let first = || Wanted {
            whole: Some("customers, orders".into()),
            partitions: &[1],
        };
        assert_eq!(orders[1].wanted(), Some(first()));
        assert_eq!(orders[0].wanted(), None);
        assert_eq!(customers[0].wanted(), None);
        assert_eq!(orders[1].wanted(), Some(first()));
        orders[1].hold(7);
        let other = Wanted {
            whole: None,
            partitions: &[0],
        };
        assert_eq!(customers[0].wanted(), Some(other));
    }

    #[test]
    fn what_another_run_has_got_is_waited_for_before_and_not_after_it_was_held() {
        let held = &Held::sessions(1, "load".into())[0];
        let taken = |id| held.taken(Some(&holder(id)));
        assert!(matches!(taken(8), Failure::Again(_)));
        held.hold(7);
        assert_eq!(held.own(Some(&holder(7))), Some(7));
        assert!(matches!(taken(7), Failure::Again(_)));
        assert!(matches!(held.taken(None), Failure::Again(_)));
        let Failure::Stop(error) = taken(8) else {
            panic!("it waits")
        };
        assert_eq!(
            error.to_string(),
            "error: another run of this load has taken over while this one stood still: connection 8 has its lock\n  hint: that run goes on with all that is left; end it before this one is begun again"
        );
    }
}
