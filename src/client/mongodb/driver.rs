//! Connections to MongoDB: the official driver.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::error::{CommandError, Error as Refusal, ErrorKind};
use mongodb::options::{ClientOptions, ConnectionString, Tls as Encrypted, TlsOptions};
use mongodb::{Client, Database};
use tokio::time::timeout;

use crate::client::address::{self, RUNNING};
use crate::client::database::Tls;
pub use crate::client::refused::Refused;
use crate::client::refused::Said;
use crate::client::runtime::block_on;
use crate::error::Problem;
use crate::place::{Placed, Secret};

/// A server that does not let us in by then is away.
const CONNECT: Duration = Duration::from_secs(5);

/// A server that is there has answered by then to what costs it nothing.
const ANSWER: Duration = Duration::from_secs(10);

const EXPECTED: &str = "expected `mongodb://USER:PASSWORD@HOST:27017/`, or `mongodb+srv://…`";

const STRANGE: &str = "this is no address of a MongoDB server";

/// A server, or several of a replica set, that can be connected to.
#[derive(Clone)]
pub struct Server {
    options: ClientOptions,
    shown: String,
}

/// What is wrong with an address; nobody is asked where names are.
///
/// # Errors
/// It is none.
pub fn check(url: &Placed<Secret>) -> Result<(), Problem> {
    address::check(url)?;
    let parsed = ConnectionString::parse(url.value.0.as_str());
    parsed.map(drop).map_err(|_| wrong(url, STRANGE))
}

fn wrong(url: &Placed<Secret>, message: &str) -> Problem {
    let problem = Problem::new(message).at(&url.place);
    problem.hint(address::hint(EXPECTED, url))
}

impl Server {
    /// Reads a URL.
    ///
    /// # Errors
    /// It is none, or its names cannot be found.
    pub fn new(url: &Placed<Secret>, tls: Option<&Tls>) -> Result<Self, Problem> {
        address::check(url)?;
        let parsing = ClientOptions::parse(url.value.0.as_str());
        let parsed = block_on(async { parsing.await });
        let parsed = parsed.map_err(|error| wrong(url, "MongoDB cannot be used").cause(error))?;
        let mut options = parsed.map_err(|error| match error.kind.as_ref() {
            ErrorKind::DnsResolve { message, .. } => {
                let problem = Problem::new("the servers' names cannot be found");
                problem.at(&url.place).cause(message)
            }
            // Its words may hold the password.
            _ => wrong(url, STRANGE),
        })?;
        options.app_name.get_or_insert("rowgen".into());
        options.connect_timeout.get_or_insert(CONNECT);
        options.server_selection_timeout.get_or_insert(CONNECT);
        // Whoever writes tries again itself, and knows what of it came through.
        options.retry_writes = Some(false);
        if let Some(tls) = tls {
            let mut encrypted = TlsOptions::default();
            encrypted.ca_file_path = tls.ca.as_ref().map(Placed::beside);
            options.tls = Some(Encrypted::Enabled(encrypted));
        }
        let hosts: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
        let shown = hosts.join(",");
        Ok(Self { options, shown })
    }

    /// Hosts and ports, without the user.
    pub fn name(&self) -> &str {
        &self.shown
    }

    /// The database that the address names.
    pub fn database(&self) -> Option<&str> {
        self.options.default_database.as_deref()
    }

    /// What the address says of how safe a write has to be before it is answered: `majority` where it says nothing.
    pub fn write_concern(&self) -> Document {
        let said = self.options.write_concern.as_ref();
        let said = said.and_then(|said| mongodb::bson::serialize_to_document(said).ok());
        said.filter(|said| !said.is_empty())
            .unwrap_or_else(|| doc! { "w": "majority" })
    }

    /// A client: it connects when it is asked for something. Only on a thread that waits on the runtime.
    ///
    /// # Errors
    /// The options contradict each other.
    pub fn client(&self) -> Result<Client, Refused> {
        Client::with_options(self.options.clone())
            .map_err(|error| self.refused("connecting to", &error))
    }

    /// Asks whether the server is there and lets us in.
    ///
    /// # Errors
    /// It is not, or does not.
    pub async fn ping(&self, database: &Database) -> Result<(), Refused> {
        let asked = database.run_command(doc! { "ping": 1 });
        match timeout(ANSWER, async { asked.await }).await {
            Ok(answered) => answered
                .map(drop)
                .map_err(|error| self.refused("connecting to", &error)),
            Err(_) => Err(self.silent("connecting to")),
        }
    }

    /// The server says nothing.
    pub fn silent(&self, doing: &str) -> Refused {
        Refused::silent(self.doing(doing))
    }

    /// What an error says, in words, with what was being done.
    pub fn refused(&self, doing: &str, error: &Refusal) -> Refused {
        Refused::new(self.doing(doing), said(error))
    }

    fn doing(&self, doing: &str) -> String {
        format!("{doing} MongoDB at {}", self.shown)
    }
}

/// Never the user, never the password.
impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({})", self.shown)
    }
}

/// What an error says, what helps, and whether it may pass.
fn said(error: &Refusal) -> Said {
    match error.kind.as_ref() {
        ErrorKind::Authentication { message, .. } => (
            message.clone(),
            Some(
                "the user or the password is wrong, or `?authSource=` behind the address names another database",
            ),
            false,
        ),
        ErrorKind::Command(refusal) => of_command(refusal),
        ErrorKind::ServerSelection { message, .. } => {
            // What it tried is told at length.
            let short = message
                .split_once("Kind: ")
                .map_or(message.as_str(), |(_, kind)| kind);
            let short = short.split(", labels:").next().unwrap_or(short);
            let short = short.trim_start_matches("I/O error: ");
            let passes = !message.contains("wire version");
            (short.to_string(), Some(RUNNING), passes)
        }
        ErrorKind::Io(error) => (error.to_string(), Some(RUNNING), true),
        ErrorKind::IncompatibleServer { message, .. }
        | ErrorKind::InvalidTlsConfig { message, .. }
        | ErrorKind::InvalidArgument { message, .. } => (message.clone(), None, false),
        // Without labels and sources, which are the driver's own.
        kind => (kind.to_string(), None, true),
    }
}

fn of_command(refusal: &CommandError) -> Said {
    let hint = match refusal.code {
        13 => Some("the user may not do this: grant it the role `readWrite` on the database"),
        18 => Some("the user or the password is wrong"),
        _ => None,
    };
    (refusal.message.clone(), hint, passes(refusal.code))
}

/// Codes of what may pass: a server that stops, starts, or is no primary any more; locks, limits of time.
pub fn passes(code: i32) -> bool {
    const PASSING: &[i32] = &[
        6, 7, 24, 50, 64, 89, 91, 112, 133, 134, 189, 202, 262, 317, 358, 384, 407, 9001, 10058,
        10107, 11600, 11602, 13435, 13436,
    ];
    PASSING.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(url: &str) -> Placed<Secret> {
        let source = crate::place::Source::new("p.yaml", format!("u: {url}"));
        let place = crate::place::Place::new(std::sync::Arc::new(source), 1, 4, url.len());
        place.with(Secret(url.into()))
    }

    #[test]
    fn a_user_is_what_was_encoded() {
        let url = placed("mongodb://m%40e:p%2Fw%40x%3Ay%231%3F2%253@h:1/d");
        let server = Server::new(&url, None).unwrap();
        let user = server.options.credential.clone().unwrap();
        assert_eq!(
            (user.username.as_deref(), user.password.as_deref()),
            (Some("m@e"), Some("p/w@x:y#1?2%3"))
        );
        assert_eq!((server.name(), server.database()), ("h:1", Some("d")));
        // Nobody is asked for the names of a cluster.
        assert!(check(&placed("mongodb+srv://u:p@nowhere.example/d")).is_ok());
        let strange = check(&placed("mongodb://u:p%zz:x@h/d")).unwrap_err();
        assert_eq!(
            strange.to_string(),
            format!(
                "error: this is no address of a MongoDB server\n --> p.yaml:1:4\n  |\n1 | u: mongodb://********@h/d\n  |    ^^^^^^^^^^^^^^^^^^^^^^\n  hint: {}",
                address::hint(EXPECTED, &placed("mongodb://u:p@h/d"))
            )
        );
    }

    #[test]
    fn an_error_says_in_words_what_was_done_to_whom() {
        let server = Server {
            options: ClientOptions::default(),
            shown: "127.0.0.1:27017".into(),
        };
        let cut = Refusal::from(std::io::Error::other("connection reset"));
        let refused = server.refused("reading collection orders of", &cut);
        assert!(refused.passes);
        assert_eq!(
            refused.error.to_string(),
            "error: reading collection orders of MongoDB at 127.0.0.1:27017\n  caused by: connection reset\n  hint: is it running, and is `url` right?"
        );
        let odd = server.refused("connecting to", &Refusal::custom(7));
        assert_eq!(
            odd.error.to_string(),
            "error: connecting to MongoDB at 127.0.0.1:27017\n  caused by: Custom user error"
        );
    }
}
