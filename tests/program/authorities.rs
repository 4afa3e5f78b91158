//! Certificates of authorities stand beside the pipeline that names them.
#![cfg(all(feature = "mysql", feature = "postgres"))]

use super::support::Folder;

/// Wherever the program is called: the certificates of an authority are part of what a pipeline says.
#[test]
fn authorities_stand_beside_the_pipeline() {
    let server = "127.0.0.1:1";
    let sources = [
        format!(
            "postgres: {{ url: \"postgres://u@{server}/d\", table: t, tls: {{ ca: ca.crt }} }}"
        ),
        format!("mysql: {{ url: \"mysql://u@{server}/d\", table: t, tls: {{ ca: ca.crt }} }}"),
    ];
    for source in sources {
        let folder = Folder::new();
        let yaml =
            format!("version: 1\ntables:\n  t: {{ from: {{ {source} }} }}\nsinks: [discard]\n");
        folder.write("sub/p.yaml", &yaml);
        // One that lies where the program is called is another's.
        folder.write("ca.crt", "nothing");
        let said = |cause: &str| format!("error: could not read `ca.crt`\n  caused by: {cause}\n");
        let ended = folder.run(&["run", "sub/p.yaml", "--quiet"]);
        let absent = said("No such file or directory (os error 2)");
        assert_eq!((ended.code, ended.stderr), (1, absent), "{source}");
        folder.write("sub/ca.crt", "nothing");
        let ended = folder.run(&["run", "sub/p.yaml", "--quiet"]);
        let empty = said("it has no certificate");
        assert_eq!((ended.code, ended.stderr), (1, empty), "{source}");
    }
}
