//! A client of the Schema Registry API: registers schemas, and looks them up by their number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::{Method, Request};

use super::{Address, Registry};
use crate::error::{Error, Problem, Result};
use crate::sync::lock;

const CONNECT: Duration = Duration::from_secs(10);

/// How long each try of a request waits for its answer. Every request may be asked twice (an equal schema keeps its
/// number), and answers do get lost: Apicurio 3.3.3 sends none to about one in a hundred requests that it refuses
/// while their body is on its way.
const ANSWERS: [Duration; 3] = [
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
];

/// For so long a number that the registry did not know is not asked for again.
// A choice. Messages with a wrong number come by thousands, and each would be a request.
const UNKNOWN: Duration = Duration::from_secs(30);

/// What the registry's own API calls its JSON.
const JSON: &str = "application/vnd.schemaregistry.v1+json";

/// A connection to one registry.
#[derive(Debug)]
pub struct Client {
    registry: Registry,
    address: Address,
    agent: Agent,
    answers: [Duration; 3],
    schemas: Mutex<HashMap<u32, Answer>>,
}

/// What is known of a schema's number.
#[derive(Debug, Clone)]
enum Answer {
    Schema(Arc<str>),
    /// Since then.
    Unknown(Instant, Error),
}

/// An answer that is not the one hoped for.
struct Refused {
    status: u16,
    words: String,
}

impl Client {
    /// A client that has not connected yet.
    ///
    /// # Errors
    /// The URL is none.
    pub fn new(registry: &Registry) -> Result<Self> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .user_agent(concat!("rowgen/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            registry: registry.clone(),
            address: registry.address()?,
            agent: config.into(),
            answers: ANSWERS,
            schemas: Mutex::default(),
        })
    }

    /// All tries of a request together wait no longer than this, where anything is said.
    #[must_use]
    pub fn within(mut self, patience: Option<Duration>) -> Self {
        if let Some(patience) = patience {
            let shares = [patience / 7, patience * 2 / 7, patience * 4 / 7];
            let tries = self.answers.iter_mut().zip(shares);
            tries.for_each(|(answer, share)| *answer = share.min(*answer));
        }
        self
    }

    /// The number of an Avro schema under its subject; an equal one keeps the number it has.
    ///
    /// # Errors
    /// The registry does not answer, or refuses the schema.
    pub fn register(&self, subject: &str, schema: &str) -> Result<u32> {
        let path = format!(
            "subjects/{}/versions",
            utf8_percent_encode(subject, NON_ALPHANUMERIC)
        );
        let answer = self.ask(
            Method::POST,
            &path,
            &json!({ "schema": schema }).to_string(),
        )?;
        let answer = answer.map_err(|refused| self.problem(&refused, subject))?;
        let id = answer["id"].as_u64().and_then(|id| u32::try_from(id).ok());
        id.ok_or_else(|| self.nonsense(&answer))
    }

    /// The Avro schema with this number, asked for once.
    ///
    /// # Errors
    /// The registry does not answer, has no such schema, or has one that is not Avro.
    pub fn schema(&self, id: u32) -> Result<Arc<str>> {
        self.look_up(id)?
    }

    /// As `schema`, but nothing where the registry has no such schema.
    ///
    /// # Errors
    /// The registry does not answer, or has one that is not Avro.
    pub fn find(&self, id: u32) -> Result<Option<Arc<str>>> {
        Ok(self.look_up(id)?.ok())
    }

    /// The newest Avro schema under a subject.
    ///
    /// # Errors
    /// The registry does not answer, has no such subject, or has one that is not Avro.
    pub fn newest(&self, subject: &str) -> Result<Arc<str>> {
        let subject = utf8_percent_encode(subject, NON_ALPHANUMERIC);
        let path = format!("subjects/{subject}/versions/latest");
        match self.ask(Method::GET, &path, "")? {
            Ok(answer) => {
                let id = answer["id"].as_u64().and_then(|id| u32::try_from(id).ok());
                self.avro(id.unwrap_or_default(), &answer)
            }
            Err(refused) => Err(Error::run(self.refusal(&refused))),
        }
    }

    /// The schema with this number; or why the registry has none.
    fn look_up(&self, id: u32) -> Result<Result<Arc<str>>> {
        // Whoever else needs a schema waits for the one that is asked for.
        let mut schemas = lock(&self.schemas);
        match schemas.get(&id) {
            Some(Answer::Schema(schema)) => return Ok(Ok(schema.clone())),
            Some(Answer::Unknown(since, error)) if since.elapsed() < UNKNOWN => {
                return Ok(Err(error.clone()));
            }
            _ => {}
        }
        let answer = match self.ask(Method::GET, &format!("schemas/ids/{id}"), "")? {
            Ok(answer) => self.avro(id, &answer).map(Answer::Schema)?,
            Err(refused) if refused.status == 404 => {
                let message = format!("{} has no schema {id}", self.name());
                let error = Error::run(Problem::new(message).cause(refused.words));
                Answer::Unknown(Instant::now(), error)
            }
            Err(refused) => return Err(Error::run(self.refusal(&refused))),
        };
        schemas.insert(id, answer.clone());
        Ok(match answer {
            Answer::Schema(schema) => Ok(schema),
            Answer::Unknown(_, error) => Err(error),
        })
    }

    fn avro(&self, id: u32, answer: &Value) -> Result<Arc<str>> {
        let kind = answer["schemaType"].as_str().unwrap_or("AVRO");
        let refers = answer["references"].as_array();
        let fault = match answer["schema"].as_str() {
            _ if kind != "AVRO" => format!("is {kind}, not Avro"),
            _ if refers.is_some_and(|all| !all.is_empty()) => {
                "refers to other schemas, which rowgen does not follow".into()
            }
            Some(schema) => return Ok(schema.into()),
            None => return Err(self.nonsense(answer)),
        };
        Err(Error::run(format!(
            "schema {id} of {} {fault}",
            self.name()
        )))
    }

    /// The answer to a request, as JSON.
    fn ask(&self, method: Method, path: &str, body: &str) -> Result<Result<Value, Refused>> {
        let request = self.request(method, path, body);
        let request = request.map_err(|error| self.silent(&error.into()))?;
        let [first @ .., last] = self.answers;
        for patience in first {
            match self.answer(request.clone(), patience) {
                Err(ureq::Error::Timeout(_)) => {}
                answer => return answer.map_err(|error| self.silent(&error)),
            }
        }
        let answer = self.answer(request, last);
        answer.map_err(|error| self.silent(&error))
    }

    fn request<'a>(
        &self,
        method: Method,
        path: &str,
        body: &'a str,
    ) -> Result<Request<&'a str>, ureq::http::Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}/{path}", self.address.url))
            .header("accept", format!("{JSON}, application/json"))
            .header("content-type", JSON);
        if let Some((user, password)) = &self.address.user {
            let user = BASE64_STANDARD.encode(format!("{user}:{}", password.0));
            request = request.header("authorization", format!("Basic {user}"));
        }
        request.body(body)
    }

    fn answer(
        &self,
        request: Request<&str>,
        patience: Duration,
    ) -> Result<Result<Value, Refused>, ureq::Error> {
        let request = self.agent.configure_request(request);
        let request = request.timeout_global(Some(patience)).build();
        let mut answer = self.agent.run(request)?;
        let status = answer.status();
        let text = answer.body_mut().read_to_string()?;
        let json: Option<Value> = serde_json::from_str(&text).ok();
        Ok(match json {
            Some(json) if status.is_success() => Ok(json),
            json => {
                let words = json.as_ref().and_then(|json| json["message"].as_str());
                Err(Refused {
                    status: status.as_u16(),
                    words: one_line(words.unwrap_or(&text)),
                })
            }
        })
    }

    fn name(&self) -> String {
        format!("the schema registry {}", self.address.url)
    }

    fn silent(&self, error: &ureq::Error) -> Error {
        let cause = match error {
            ureq::Error::Io(error) => error.to_string(),
            error => error.to_string(),
        };
        let problem = Problem::new(format!("{} does not answer", self.name()))
            .cause(cause)
            .hint("is it running, and is `url` right?");
        Error::run(self.place(problem))
    }

    /// Why a schema was not registered.
    fn problem(&self, refused: &Refused, subject: &str) -> Error {
        let (message, hint) = match refused.status {
            409 => (
                format!("the schema does not go with those that the subject `{subject}` has"),
                "change the schema so that readers of both can go on, name another `subject`, or loosen the subject's compatibility",
            ),
            422 => (
                format!(
                    "{} refused the schema for the subject `{subject}`",
                    self.name()
                ),
                "the subject's rules or the schema itself may be the reason",
            ),
            _ => return Error::run(self.refusal(refused)),
        };
        Error::run(self.place(Problem::new(message).cause(&refused.words).hint(hint)))
    }

    fn refusal(&self, refused: &Refused) -> Problem {
        let Refused { status, words } = refused;
        let problem = Problem::new(format!("{} answered {status}", self.name())).cause(words);
        let hint = match status {
            401 | 403 => "set `user` and `password`",
            404 | 405 => "is `url` where its API begins?",
            _ => "its log says more",
        };
        self.place(problem.hint(hint))
    }

    fn nonsense(&self, answer: &Value) -> Error {
        let answer = one_line(&answer.to_string());
        let problem = Problem::new(format!("{} answered something else", self.name()));
        Error::run(self.place(problem.cause(answer).hint("is `url` where its API begins?")))
    }

    fn place(&self, problem: Problem) -> Problem {
        match self.registry.place() {
            Some(place) => problem.at(place),
            None => problem,
        }
    }
}

/// The registry's own words in one line, those of a whole page shortened.
fn one_line(words: &str) -> String {
    const MOST: usize = 400;
    let line = crate::units::one_line(words);
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.is_empty() => "without a word".into(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::place::{Source, decode, parse};

    /// What a client says to a server that knows nobody, and what it makes of the answer.
    fn refused(user: &str) -> (String, String) {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let heard = std::thread::spawn(move || {
            let mut stream = server.accept().unwrap().0;
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let lines = lines
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty());
            let heard = lines.collect::<Vec<_>>().join("\n");
            let answer = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 7\r\n\r\nwho\nis?";
            stream.write_all(answer.as_bytes()).unwrap();
            heard
        });
        let source = Arc::new(Source::new(
            "p.yaml",
            format!("url: \"http://127.0.0.1:{port}\"{user}"),
        ));
        let registry: Registry = decode(&parse(&source).unwrap()).unwrap();
        let error = Client::new(&registry).unwrap().schema(1).unwrap_err();
        let error = error.to_string().replace(&port.to_string(), "PORT");
        (heard.join().unwrap(), error)
    }

    #[test]
    fn an_answer_that_got_lost_is_asked_for_again() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let answers = std::thread::spawn(move || {
            let silent = server.accept().unwrap().0;
            let mut stream = server.accept().unwrap().0;
            let schema = r#"{"schema":"\"long\""}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{schema}",
                schema.len()
            );
            stream.write_all(answer.as_bytes()).unwrap();
            (silent, stream, server)
        });
        let source = Arc::new(Source::new(
            "p.yaml",
            format!("url: \"http://127.0.0.1:{port}\""),
        ));
        let mut client = Client::new(&decode(&parse(&source).unwrap()).unwrap()).unwrap();
        client.answers = [50, 10_000, 50].map(Duration::from_millis);
        assert_eq!(&*client.schema(1).unwrap(), "\"long\"");

        // Nobody answers any more, though somebody listens.
        let _listens = answers.join().unwrap();
        let client = client.within(Some(Duration::from_millis(150)));
        let began = Instant::now();
        let error = client.schema(2).unwrap_err().to_string();
        assert!(began.elapsed() < Duration::from_secs(5));
        assert!(error.contains("does not answer\n"), "{error}");
        assert!(error.contains("\n  caused by: timeout: "), "{error}");
    }

    #[test]
    fn the_user_is_told_to_the_registry_and_to_nobody_else() {
        let (heard, error) = refused("\nuser: reader\npassword: hunter2");
        assert!(
            heard.starts_with("GET /schemas/ids/1 HTTP/1.1\n"),
            "{heard}"
        );
        // `reader:hunter2`
        assert!(
            heard.contains("authorization: Basic cmVhZGVyOmh1bnRlcjI="),
            "{heard}"
        );
        let shown = error.replace('^', "");
        assert_eq!(
            shown,
            "error: the schema registry http://127.0.0.1:PORT answered 401\n \
             --> p.yaml:1:6\n  |\n1 | url: \"http://127.0.0.1:PORT\"\n  |      \n  \
             caused by: who is?\n  hint: set `user` and `password`"
        );
        let (heard, _) = refused("");
        assert!(!heard.contains("authorization"), "{heard}");
    }
}
