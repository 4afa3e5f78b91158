//! The client of schema registries against a real one.

use std::net::TcpListener;
use std::sync::Arc;

use rowgen::client::registry::{Client, Registry};
use rowgen::place::{Source, decode, parse};

use crate::environment;

const LONG: &str = r#"{"type":"record","name":"User","fields":[{"name":"id","type":"long"}]}"#;
const OPTIONAL: &str = r#"{"type":"record","name":"User","fields":[{"name":"id","type":"long"},{"name":"email","type":["null","string"],"default":null}]}"#;
const TEXT: &str = r#"{"type":"record","name":"User","fields":[{"name":"id","type":"string"}]}"#;

fn options(yaml: &str) -> Registry {
    let source = Arc::new(Source::new("p.yaml", yaml));
    decode(&parse(&source).unwrap()).unwrap()
}

fn url() -> String {
    environment("SCHEMA_REGISTRY_URL")
}

fn client() -> Client {
    Client::new(&options(&format!("url: \"{}\"", url()))).unwrap()
}

/// A subject that no run before has used.
fn subject(name: &str) -> String {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    format!("{name} é/{}-value", now.as_nanos())
}

fn send(method: ureq::http::Method, path: &str, body: &str) {
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("{}/{path}", url()))
        .header("content-type", "application/json")
        .body(body.to_string())
        .unwrap();
    ureq::run(request).unwrap();
}

fn encoded(subject: &str) -> String {
    let byte = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    subject.bytes().map(byte).collect()
}

#[test]
fn an_equal_schema_keeps_its_number() {
    let (client, subject) = (client(), subject("reused"));
    let first = client.register(&subject, LONG).unwrap();
    assert_eq!(client.register(&subject, LONG).unwrap(), first);
    let second = client.register(&subject, OPTIONAL).unwrap();
    assert_ne!(second, first);
    assert_eq!(client.register(&subject, LONG).unwrap(), first);
    let fresh = self::client();
    assert_eq!(&*fresh.schema(first).unwrap(), LONG);
    assert_eq!(&*fresh.schema(second).unwrap(), OPTIONAL);
    // What is known is not asked for again.
    assert!(Arc::ptr_eq(
        &fresh.schema(first).unwrap(),
        &fresh.schema(first).unwrap()
    ));
}

#[test]
fn an_incompatible_schema_is_refused_in_the_registrys_words() {
    let (client, subject) = (client(), subject("incompatible"));
    client.register(&subject, LONG).unwrap();
    let path = format!("config/{}", encoded(&subject));
    send(
        ureq::http::Method::PUT,
        &path,
        r#"{"compatibility":"FULL"}"#,
    );
    client.register(&subject, OPTIONAL).unwrap();
    let error = client.register(&subject, TEXT).unwrap_err().to_string();
    let (before, rest) = error.split_once("\n  caused by: ").unwrap();
    let (words, hint) = rest.split_once("\n  hint: ").unwrap();
    let shown = format!("url: \"{}\"", url());
    assert_eq!(
        before,
        format!(
            "error: the schema does not go with those that the subject `{subject}` has\n --> p.yaml:1:6\n  |\n1 | {shown}\n  |      {}",
            "^".repeat(shown.len() - 5)
        )
    );
    assert!(words.to_lowercase().contains("incompatible"), "{words}");
    assert_eq!(
        hint,
        "change the schema so that readers of both can go on, name another `subject`, or loosen the subject's compatibility"
    );
}

#[test]
fn what_is_no_schema_is_refused() {
    let subject = subject("nonsense");
    let error = client()
        .register(&subject, "{\"type\":\"recrd\"}")
        .unwrap_err();
    let error = error.to_string();
    let start = format!(
        "error: the schema registry {} refused the schema for the subject `{subject}`\n",
        url()
    );
    assert!(error.starts_with(&start), "{error}");
    assert!(
        error.ends_with("\n  hint: the subject's rules or the schema itself may be the reason")
    );
}

#[test]
fn an_unknown_number_is_said() {
    let client = client();
    let unknown = || client.schema(3_999_999_999).unwrap_err().to_string();
    let first = unknown();
    let start = format!(
        "error: the schema registry {} has no schema 3999999999\n  caused by: ",
        url()
    );
    assert!(first.starts_with(&start), "{first}");
    assert_eq!(unknown(), first);
}

#[test]
fn a_schema_of_another_language_is_not_avro() {
    let subject = subject("json");
    let body = r#"{"schemaType":"JSON","schema":"{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"type\":\"object\"}"}"#;
    let path = format!("subjects/{}/versions", encoded(&subject));
    let request = ureq::post(format!("{}/{path}", url())).content_type("application/json");
    let answer = request.send(body).unwrap().body_mut().read_to_string();
    let id: String = answer
        .unwrap()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let error = client().schema(id.parse().unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "error: schema {id} of the schema registry {} is JSON, not Avro",
            url()
        )
    );
}

#[test]
fn a_registry_that_is_not_there_is_named_without_its_user() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let yaml = format!("url: \"http://user:hunter2@127.0.0.1:{port}/api/\"");
    let error = Client::new(&options(&yaml)).unwrap().schema(1).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "error: the schema registry http://127.0.0.1:{port}/api does not answer\n  caused by: Connection refused (os error 111)\n  hint: is it running, and is `url` right?"
        )
    );
}

#[test]
fn a_url_that_leads_elsewhere_is_said() {
    let elsewhere = format!("{}/elsewhere", url());
    let yaml = format!("url: \"{elsewhere}\"");
    let client = Client::new(&options(&yaml)).unwrap();
    let error = client.register("s", LONG).unwrap_err().to_string();
    let start = format!("error: the schema registry {elsewhere} answered 404\n");
    assert!(error.starts_with(&start), "{error}");
    assert!(
        error.ends_with("\n  hint: is `url` where its API begins?"),
        "{error}"
    );
}
