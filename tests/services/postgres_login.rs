//! A real PostgreSQL that asks for a password and speaks TLS, for both ways of rows.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::postgres::{rowgen, sql_at};
use crate::postgres_errors::told;
use crate::postgres_source::read;
use crate::servers::Servers;

/// Runs OpenSSL in a folder.
#[track_caller]
fn openssl(folder: &Path, line: &str) {
    let mut command = Command::new("openssl");
    let output = command.args(line.split(' ')).current_dir(folder).output();
    let output = output.unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {line}: {words}");
}

/// An authority, and a server's certificate of it.
pub fn certificates(folder: &Path) {
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    for line in [
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt",
        "req -newkey rsa:2048 -nodes -subj /CN=server -keyout server.key -out server.csr",
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
    ] {
        openssl(folder, line);
    }
}

/// A server of its own, with the certificate of an authority.
struct Server {
    /// Certificates, and what runs write.
    folder: tempfile::TempDir,
    url: String,
    _servers: Servers,
}

impl Server {
    fn start() -> Self {
        let servers = Servers::start(&["postgres"], &[]);
        let server = Self {
            folder: tempfile::tempdir().unwrap(),
            url: servers.variable("POSTGRES_URL"),
            _servers: servers,
        };
        server.encrypt();
        server
    }

    /// What a statement gives.
    fn sql(&self, statement: &str) -> String {
        sql_at(&self.url, statement)
    }

    /// It speaks TLS from now on, and lets the role `secure` in over that and with its password only.
    fn encrypt(&self) {
        certificates(self.folder.path());
        let data = PathBuf::from(self.sql("SHOW data_directory"));
        let owner = std::fs::metadata(&data).unwrap();
        for name in ["server.key", "server.crt"] {
            let there = data.join(name);
            std::fs::copy(self.folder.path().join(name), &there).unwrap();
            std::fs::set_permissions(&there, PermissionsExt::from_mode(0o600)).unwrap();
            chown(&there, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        let rules = PathBuf::from(self.sql("SHOW hba_file"));
        std::fs::write(
            &rules,
            "hostssl all secure 127.0.0.1/32 scram-sha-256\nhostnossl all rowgen 127.0.0.1/32 trust\n",
        )
        .unwrap();
        self.sql("CREATE ROLE secure LOGIN PASSWORD 'right'");
        self.sql("GRANT CREATE ON SCHEMA public TO secure");
        self.sql("ALTER SYSTEM SET ssl = on");
        self.sql("SELECT pg_reload_conf()");
    }

    /// Where it is for a role with a password.
    fn url(&self, user: &str) -> String {
        self.url.replace("rowgen@", &format!("{user}@"))
    }

    /// How a run ends, and what it tells.
    fn run(&self, url: &str, yaml: &str) -> (Option<i32>, String) {
        let mut command = rowgen(self.folder.path(), yaml, &["--overwrite"]);
        let output = command.env("DB_URL", url).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        let address = self.url.rsplit(['@', '/']).nth(1).unwrap();
        (output.status.code(), told(&words.replace(address, "HERE")))
    }
}

#[test]
fn passwords_and_certificates_are_checked_and_the_line_is_encrypted() {
    let server = Server::start();
    let query = "query: \"select usename::text as who, ssl from pg_stat_ssl join pg_stat_activity using (pid) where pid = pg_backend_pid()\"";
    let of = |tls: &str| {
        let from = format!("{query}{tls}");
        read(&from, "", "  - file: { table: t, path: out.csv }\n")
    };
    let known = ", tls: { ca: ca.crt }";
    let refused = |cause: &str, hint: &str| {
        let words =
            format!("error: connecting in HERE/rowgen\n  caused by: {cause}\n  hint: {hint}");
        (Some(2), words)
    };
    assert_eq!(
        server.run(&server.url("secure:wrong"), &of(known)),
        refused(
            "password authentication failed for user \"secure\"",
            "the user or the password is wrong"
        )
    );
    let right = server.url("secure:right");
    // Nobody knows this authority.
    for tls in ["", ", tls: {}"] {
        assert_eq!(
            server.run(&right, &of(tls)),
            refused(
                "invalid peer certificate: UnknownIssuer",
                "`tls: { ca: FILE }` names the authority of its certificate; `?sslmode=disable` behind `url` goes without encryption"
            )
        );
    }
    let named = right.replace("127.0.0.1", "localhost");
    let (code, words) = server.run(&named, &of(known));
    assert_eq!(code, Some(2), "{words}");
    assert!(
        words.ends_with("\n  hint: the certificate is not for this host, or not for now"),
        "{words}"
    );
    assert_eq!(server.run(&right, &of(known)), (Some(0), String::new()));
    let read = std::fs::read_to_string(server.folder.path().join("out.csv")).unwrap();
    assert_eq!(read, "who,ssl\nsecure,true\n");
    let write = |tls: &str| {
        format!(
            "version: 1\nname: w\ntables:\n  t: {{ rows: 1000, columns: {{ id: sequence }} }}\nsinks:\n  - postgres: {{ table: t, url: \"${{env:DB_URL}}\", into: written{tls} }}\n"
        )
    };
    assert_eq!(server.run(&right, &write(known)), (Some(0), String::new()));
    assert_eq!(server.sql("SELECT count(*) FROM written"), "1000");
    let plain = format!("{}?sslmode=disable", server.url("rowgen"));
    assert_eq!(server.run(&plain, &of("")), (Some(0), String::new()));
}
