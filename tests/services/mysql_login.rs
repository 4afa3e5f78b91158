//! A real MariaDB that asks for a password and speaks TLS, for both ways of rows.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::mysql::{rowgen, sql_at, table};
use crate::mysql_source::read;
use crate::postgres_errors::told;
use crate::postgres_login::certificates;
use crate::servers::Servers;

/// How a run ends, and what it tells, with `HERE` for where the database is.
fn run(folder: &Path, url: &str, yaml: &str) -> (Option<i32>, String) {
    let mut command = rowgen(folder, yaml, &["--overwrite"]);
    let output = command.env("DB_URL", url).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let address = url.rsplit(['@', '/']).nth(1).unwrap();
    (output.status.code(), told(&words.replace(address, "HERE")))
}

#[test]
fn passwords_and_certificates_are_checked_and_the_line_is_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    certificates(here);
    // The server is somebody else.
    let open = |name: &str, mode| {
        std::fs::set_permissions(here.join(name), PermissionsExt::from_mode(mode)).unwrap();
    };
    open("", 0o755);
    open("server.key", 0o644);
    let options = format!(
        "--ssl-cert={0}/server.crt --ssl-key={0}/server.key",
        here.display()
    );
    let servers = Servers::start(&["mariadb"], &[("MARIADB_OPTIONS", &options)]);
    let url = servers.variable("MYSQL_URL");
    sql_at(
        &url,
        "CREATE USER secure IDENTIFIED BY 'right' REQUIRE SSL; GRANT ALL ON rowgen.* TO secure",
    );
    let as_user = |user: &str| url.replace("rowgen:rowgen@", &format!("{user}@"));
    let query = "query: \"select variable_value as v from information_schema.session_status where variable_name = 'SSL_VERSION'\"";
    let of = |tls: &str| {
        let sink = "  - file: { table: t, path: out.csv }\n";
        read(&format!("{query}{tls}"), "", sink)
    };
    let refused = |cause: &str, hint: &str| {
        let words =
            format!("error: connecting in HERE/rowgen\n  caused by: {cause}\n  hint: {hint}");
        (Some(2), words)
    };
    let known = ", tls: { ca: ca.crt }";
    let (code, words) = run(here, &as_user("secure:wrong"), &of(known));
    assert_eq!(code, Some(2), "{words}");
    let denied = "Access denied for user 'secure'@";
    let hint = "(using password: YES)\n  hint: the user or the password is wrong";
    assert!(words.contains(denied) && words.ends_with(hint), "{words}");
    // Nobody knows this authority.
    let right = as_user("secure:right");
    assert_eq!(
        run(here, &right, &of(", tls: {}")),
        refused(
            "invalid peer certificate: UnknownIssuer",
            "`tls: { ca: FILE }` names the authority of its certificate"
        )
    );
    // Nobody comes in without encryption.
    let (code, words) = run(here, &right, &of(""));
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains(denied), "{words}");
    let (code, words) = run(here, &right, &of(known));
    assert_eq!(code, Some(0), "{words}");
    let line = std::fs::read_to_string(here.join("out.csv")).unwrap();
    assert!(line.starts_with("v\nTLSv1."), "{line}");
    let (code, words) = run(
        here,
        &right,
        &table(1000, "", "into: t, tls: { ca: ca.crt }"),
    );
    assert_eq!(code, Some(0), "{words}");
    assert_eq!(sql_at(&url, "SELECT count(*) FROM t"), "1000");
    // What is no certificate is told before anybody is asked.
    std::fs::write(here.join("none.crt"), "nothing").unwrap();
    let (code, words) = run(here, &right, &of(", tls: { ca: none.crt }"));
    assert_eq!(
        (code, words.as_str()),
        (
            Some(1),
            "error: could not read `none.crt`\n  caused by: it has no certificate"
        )
    );
}
