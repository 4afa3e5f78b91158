//! Tables of databases, where there is none: what is checked without it, that it is asked, and what is
//! said if it does not answer.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::support::{Ended, Folder};

fn pipeline(from: &str) -> String {
    format!(
        "version: 1\ntables:\n  t:\n    from: {{ postgres: {{ {from} }} }}\n  made: {{ rows: 9, columns: {{ id: sequence }} }}\nsinks:\n  - file: {{ table: t, path: t.csv }}\n  - file: {{ table: made, path: made.csv }}\n"
    )
}

/// Nobody listens there.
const URL: &str = "url: \"postgres://me:pa55word@127.0.0.1:1/shop\"";

#[test]
fn a_check_asks_no_server() {
    let folder = Folder::new();
    folder.write("p.yaml", &pipeline(&format!("{URL}, table: orders")));
    let ended = folder.run(&["check", "p.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(
        ended.stderr,
        "warning: table `t` is not checked: its server knows its columns, and `--connect` asks it\np.yaml: no mistakes found\n"
    );
    for arguments in [
        &["check", "p.yaml", "--connect"][..],
        &["plan", "p.yaml"],
        &["run", "p.yaml"],
    ] {
        let ended = folder.run(arguments);
        assert_eq!(ended.code, 2, "{ended:?}");
        let said = "error: connecting in 127.0.0.1:1/shop\n";
        assert!(
            ended.stderr.contains(said) || ended.stderr.contains(&said.replace('\n', "\\n")),
            "{ended:?}"
        );
        assert!(!ended.stderr.contains("pa55word"), "{ended:?}");
    }
}

#[test]
fn options_are_checked_without_a_server() {
    let yaml = pipeline("url: \"mysql://me:pa55word@h/d\", query: \"select 1\"");
    let said = Folder::new().refuse(&yaml);
    assert!(
        said.contains("error: this is no address of a PostgreSQL database\n"),
        "{said}"
    );
    assert!(!said.contains("pa55word"), "{said}");
    // What stands behind the first `@` would be told as the host.
    let yaml = pipeline("url: \"postgres://me:pa@55word@h/d\", query: \"select 1\"");
    let said = Folder::new().refuse(&yaml);
    assert!(
        said.starts_with(
            "error: the user or the password in this address has a character that ends it\n"
        ),
        "{said}"
    );
    let hint = "hint: in a user or a password write `%40` for `@`, `%2F` for `/`, `%3A` for `:`";
    assert!(said.contains(hint) && !said.contains("55word"), "{said}");
    let both = pipeline(&format!("{URL}, table: a, query: \"select 1\""));
    let said = Folder::new().refuse(&both);
    assert!(
        said.starts_with("error: `table` and `query` exclude each other\n"),
        "{said}"
    );
}

/// The address of a server that takes connections, lets everybody in, or not even that, and says nothing
/// more.
fn silent(lets_in: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            std::thread::spawn(move || {
                if lets_in {
                    let_in(&socket).unwrap();
                }
                std::thread::sleep(Duration::from_secs(60));
            });
        }
    });
    address
}

/// No encryption; no password is asked for; ready for a query.
fn let_in(mut socket: &TcpStream) -> std::io::Result<()> {
    message(socket)?;
    socket.write_all(b"N")?;
    message(socket)?;
    socket.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I")
}

/// One of the messages that come before others: its length, and the rest.
fn message(mut socket: &TcpStream) -> std::io::Result<()> {
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let mut rest = vec![0; u32::from_be_bytes(length) as usize - 4];
    socket.read_exact(&mut rest)
}

/// What a run says of a server that is silent, and after how many seconds.
fn said(yaml: &str, address: &str) -> (Ended, u64) {
    let folder = Folder::new();
    let yaml = yaml.replace("127.0.0.1:1", address);
    folder.write("p.yaml", &yaml);
    let began = Instant::now();
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    (ended, began.elapsed().as_secs())
}

#[test]
fn a_silent_server_is_an_error_in_time_to_whoever_reads_and_writes() {
    let from = &pipeline(&format!("{URL}, table: orders"));
    let into = &format!(
        "version: 1\ntables:\n  t: {{ rows: 9, columns: {{ id: sequence }} }}\nsinks:\n  - postgres: {{ table: t, {URL}, into: orders }}\n"
    );
    let unopened = "could not open sink `postgres-1`\n  caused by: ";
    let cases = [
        (from, false, "connecting".into(), 9..18),
        (from, true, "beginning to read".into(), 18..40),
        (into, false, format!("{unopened}connecting"), 9..18),
        (
            into,
            true,
            format!("{unopened}looking at table orders"),
            18..40,
        ),
    ];
    std::thread::scope(|scope| {
        for (yaml, lets_in, doing, seconds) in cases {
            scope.spawn(move || {
                let address = silent(lets_in);
                let (ended, took) = said(yaml, &address);
                let cause =
                    "the server does not answer\n  hint: is it running, and is `url` right?";
                assert_eq!(ended.code, 2, "{ended:?}");
                // What follows is where the pipeline says it.
                let stderr: Vec<&str> = ended.stderr.lines().filter(told).collect();
                assert_eq!(
                    stderr.join("\n"),
                    format!("error: {doing} in {address}/shop\n  caused by: {cause}")
                );
                assert!(seconds.contains(&took), "{doing}: {took} s");
            });
        }
    });
}

/// True for a line that is no line of the pipeline.
fn told(line: &&str) -> bool {
    let starts = ["error:", "  caused by:", "  hint:"];
    starts.iter().any(|start| line.starts_with(start))
}
