//! Paths as a pipeline or a command gives them. Refused is all that would silently become a folder
//! or a file of an odd name, such as `s3:` or `{day}.csv`.

use std::ops::Deref;
use std::path::{Component, Path};

use schemars::json_schema;

use super::shown::no_secret;
use super::{Node, OBJECT_SCHEMES, Text, Value, by_node, decode};
use crate::error::Problem;

/// The path of a file or a folder, as it is said: one of this machine, where relative ones start where their
/// option says; of rows also the URL of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePath(pub String);

/// Where else files are, by how a path to there begins, and what copies them.
// The hints name the tool that people who use such paths have.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (&["hdfs", "viewfs", "webhdfs"], "`hdfs dfs -get` or `-put`"),
    (&["adl"], "`azcopy copy`"),
    (&["dbfs"], "`databricks fs cp`"),
    (&["ftp", "ftps", "http", "https"], "`curl -O`"),
    (&["scp", "sftp", "ssh"], "`scp`"),
];

impl FilePath {
    /// A path that a pipeline says.
    ///
    /// # Errors
    /// It is not one of this machine, or has what stands for nothing.
    pub fn said(text: &str) -> Result<Self, Problem> {
        // In a pipeline nobody has replaced these yet; on the command line the shell has, and what
        // is left is a name that is meant.
        Self::given(text)?;
        let unfilled = placeholder(text)
            .or_else(|| variable(text))
            .or_else(|| time_format(text))
            .or_else(|| dash(text));
        unfilled.map_or_else(|| Ok(Self(text.to_string())), Err)
    }

    /// A path of the command line, where a shell has put in what it stands for.
    ///
    /// # Errors
    /// It is not one of this machine.
    pub fn given(text: &str) -> Result<(), Problem> {
        let problem = match text {
            _ if text.trim().is_empty() => Some(
                Problem::new("the path is empty")
                    .hint("name a file or a folder, such as `out/orders.parquet`"),
            ),
            _ if text.contains('\0') => Some(Problem::new("no path has a zero byte")),
            _ => elsewhere(text).or_else(|| home(text)),
        };
        problem.map_or(Ok(()), Err)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if it ends as only the path of a folder does.
    pub fn says_folder(&self) -> bool {
        self.0.ends_with('/') || matches!(self.last(), None | Some("." | ".."))
    }

    /// The path of a folder of files, where rows are written: one without an extension, or with `/`
    /// at its end.
    pub fn names_folder(&self) -> bool {
        self.0.ends_with('/') || self.extension().is_none()
    }

    /// What reads as an extension: it begins with a letter, so that the numbers of `v1.2` and
    /// `2026.01.15` are none.
    pub fn extension(&self) -> Option<&str> {
        let extension = Path::new(&self.0).extension()?.to_str()?;
        let begins = extension.starts_with(|first: char| first.is_ascii_alphabetic());
        begins.then_some(extension)
    }

    /// Its last name, whether `/` stands behind it or not.
    pub fn last(&self) -> Option<&str> {
        self.0.rsplit('/').find(|name| !name.is_empty())
    }

    /// True if it can stand for any number of files.
    pub fn is_pattern(&self) -> bool {
        self.0.contains(['*', '?', '['])
    }

    /// The path that leads from the folder of the file `from` to what this one names in the current
    /// folder.
    pub fn seen_from(&self, from: &str) -> String {
        let folder = Path::new(from).parent().unwrap_or(Path::new(""));
        let down = |part: Component<'_>| matches!(part, Component::Normal(_));
        match folder.components().all(down) && Path::new(&self.0).is_relative() {
            // Only where the folder goes down from the current one: how many `..` lead back is then
            // its depth, without asking the file system.
            true => "../".repeat(folder.components().count()) + &self.0,
            false => std::path::absolute(&self.0)
                .map_or_else(|_| self.0.clone(), |path| path.display().to_string()),
        }
    }
}

impl Deref for FilePath {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

/// What other tools call the schemes of objects.
const OTHER_SCHEMES: &[(&str, &str)] = &[
    ("abfs", "az"),
    ("abfss", "az"),
    ("azure", "az"),
    ("gcs", "gs"),
    ("s3a", "s3"),
    ("s3n", "s3"),
    ("wasb", "az"),
    ("wasbs", "az"),
];

/// A path that leads to another machine, or is one of another system.
fn elsewhere(text: &str) -> Option<Problem> {
    let (scheme, rest) = text.split_once(':')?;
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte);
    let begins = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    if !begins || !scheme.bytes().all(named) || !rest.starts_with(['/', '\\']) {
        // As in `jdbc:postgresql://host/db`.
        let several = text.split_once("://").is_some_and(|(before, _)| {
            begins && before.bytes().all(|byte| named(byte) || byte == b':')
        });
        return several.then(|| url(text));
    }
    let scheme = scheme.to_ascii_lowercase();
    // `C:\data` and `C:/data`: one letter before the colon is a drive.
    if scheme.len() == 1 {
        let what = format!("`{text}` is a path of Windows");
        return Some(Problem::new(what).hint("write it as here: `/mnt/c/data/orders.csv`"));
    }
    if scheme == "file" {
        let path = rest
            .trim_start_matches("//localhost/")
            .trim_start_matches('/');
        let what = format!("`{text}` is a URL, and no path");
        return Some(Problem::new(what).hint(format!("write the path alone: `/{path}`")));
    }
    if let Some(object) = OBJECT_SCHEMES.iter().find(|object| *object == &scheme) {
        let what = format!("`{text}` is an object, and only rows are read and written there");
        let hint = format!(
            "tables, references and `file` take `{object}://…`; here a path of this machine is needed"
        );
        return Some(Problem::new(what).hint(hint));
    }
    if let Some((_, own)) = OTHER_SCHEMES.iter().find(|(other, _)| *other == scheme) {
        return Some(far(text).hint(format!("objects are named `{own}://BUCKET/KEY`")));
    }
    let known = ELSEWHERE
        .iter()
        .find(|(names, _)| names.contains(&scheme.as_str()));
    match known {
        Some((_, tool)) => Some(far(text).hint(format!(
            "use a path of this machine, and copy with {tool} before or after the run"
        ))),
        None => rest.starts_with("//").then(|| url(text)),
    }
}

fn far(text: &str) -> Problem {
    Problem::new(format!(
        "`{text}` is not on this machine, nor in a store that is read or written"
    ))
}

fn url(text: &str) -> Problem {
    far(text).hint("use a path of this machine, and copy before or after the run")
}

/// `~`, which only a shell knows.
fn home(text: &str) -> Option<Problem> {
    let name = text.strip_prefix('~')?;
    if !name.is_empty() && !name.contains('/') {
        return None;
    }
    let what = "`~` is a word of the shell, and would be a folder of that name here";
    let hint = match name.strip_prefix('/').or(name.is_empty().then_some("")) {
        Some(rest) => {
            let slash = if rest.is_empty() { "" } else { "/" };
            format!(
                "in a pipeline write `\"${{env:HOME}}{slash}{rest}\"`, in a command `\"$HOME{slash}{rest}\"`"
            )
        }
        None => "write the whole path, from `/` on".into(),
    };
    Some(Problem::new(what).hint(hint))
}

/// A name in braces that is left where `{table}` was put in.
pub(super) fn placeholder(text: &str) -> Option<Problem> {
    let start = text.find('{')?;
    let end = start + text[start..].find('}')?;
    let braces = text[end..].bytes().take_while(|byte| *byte == b'}').count();
    let inner = &text[start..end + braces];
    let name = inner.trim_matches(['{', '}', ' ', '$']);
    let problem = Problem::new(format!("unknown placeholder `{inner}` in a path"));
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
    };
    Some(match name {
        "table" => problem.hint("`{table}` stands for a name in the path of a sink"),
        _ if inner.contains(',') => {
            problem.hint("the patterns of a path to read are `*`, `?`, `[ab]` and `**`")
        }
        _ if is_name(name) => problem.hint(format!(
            "a param is written `${{{name}}}`; only `{{table}}`, in the path of a sink, has no `$`"
        )),
        _ => problem
            .hint("only `{table}`, in the path of a sink, and `${param}` stand for something"),
    })
}

/// A name as a shell writes its variables.
fn variable(text: &str) -> Option<Problem> {
    let is_name = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let parts = text.split('/').filter_map(|part| part.strip_prefix('$'));
    // `$day.csv` too: a dot or a dash ends a name.
    let mut names = parts.filter_map(|part| part.split(['.', '-']).next());
    let name = names.find(|name| is_name(name))?;
    let what = format!("`${name}` would be a name as it stands here");
    Some(Problem::new(what).hint(format!(
        "write `${{env:{name}}}` for the environment, `${{{name}}}` for a param"
    )))
}

/// `%Y-%m-%d`, which `date` and other programs fill in. `%20` and `%dF` are bytes of a URL.
pub(super) fn time_format(text: &str) -> Option<Problem> {
    let mut parts = text.split('%').skip(1);
    let sign = parts.find_map(|part| {
        let mut characters = part.chars();
        let sign = characters
            .next()
            .filter(|sign| "YymdHMSFj".contains(*sign))?;
        let next = characters.next().unwrap_or('-');
        let byte = sign.is_ascii_hexdigit() && next.is_ascii_hexdigit();
        (!byte).then_some(sign)
    })?;
    let what = format!("`%{sign}` would be a part of the name as it stands here");
    Some(Problem::new(what).hint(
        "`${run_date}` is the day of the run; any other is a param: `${day}`, with `--set day=2026-01-31`",
    ))
}

/// `-`, which other programs take for a stream.
fn dash(text: &str) -> Option<Problem> {
    let hint = "standard output is `/dev/stdout`; a file of that name is `./-`";
    (text == "-").then(|| Problem::new("`-` would be a file of that name here").hint(hint))
}

by_node!(
    inline,
    FilePath,
    |node| path_of(node, FilePath::said),
    |_| json_schema!({ "type": ["string", "number", "boolean"] })
);

/// What a node says as a path of some kind.
pub(super) fn path_of(
    node: &Node,
    said: impl FnOnce(&str) -> Result<FilePath, Problem>,
) -> Result<FilePath, Problem> {
    if matches!(node.value, Value::Null) {
        let hint = "`~` and `null` are nothing in YAML: name a file or a folder, such as `out/orders.parquet`";
        return Err(Problem::new("the path is empty").hint(hint));
    }
    // Folders, reports and messages show every path to all who may read them.
    no_secret(node, |secret| {
        let message = format!("a path cannot have the secret `{secret}` in it");
        let hint = "whoever lists the folder, or reads the log or the report, would read it: write a name that may be shown";
        Problem::new(message).hint(hint)
    })?;
    said(&decode::<Text>(node)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        match FilePath::said(text) {
            Ok(path) => format!("{} {}", path.as_str(), path.says_folder()),
            Err(problem) => format!(
                "{}: {}",
                problem.message,
                problem.hint.as_deref().unwrap_or("no hint")
            ),
        }
    }

    #[test]
    fn a_path_is_one_of_this_machine() {
        for text in [
            "out/orders.parquet",
            "/dev/stdout",
            "../a b/c:d.csv",
            "a:b",
            "~backup.csv",
            "data/*.csv",
            "data/[ab]?.csv",
            "a$b/$",
            "a{b",
            "10:30.csv",
            "a%20b%dFc.csv",
            "100%.csv",
            "out/50%off",
            "./-",
            "s3/x.csv",
        ] {
            assert_eq!(said(text), format!("{text} false"));
        }
        for text in ["out/2026.01.15/", ".", "..", "/", "out/.."] {
            assert_eq!(said(text), format!("{text} true"));
        }
    }

    #[test]
    fn everything_else_is_refused_with_a_hint() {
        let refused = [
            "",
            "  ",
            "s3://bucket/x.csv",
            "s3:/bucket/x.csv",
            "S3A://bucket/x",
            "gs://bucket/x.parquet",
            "hdfs://node:8020/x",
            "https://example.com/x.csv",
            "sftp://host/x",
            "abfss://c@account.dfs.core.windows.net/x",
            "dbfs:/mnt/x",
            "dbfs://mnt/x",
            "jdbc:postgresql://host/db",
            "file:///data/x.csv",
            "C:\\data\\x.csv",
            "c:/data/x.csv",
            "~",
            "~/out/x.csv",
            "~me/x.csv",
            "out/{day}.csv",
            "out/{table}.csv",
            "out/{{ ds }}/x.csv",
            "out/{}.csv",
            "data/{a,b}.csv",
            "$HOME/x.csv",
            "out/$day/x.csv",
            "out/$run_date.csv",
            "out/$day-$hour/x.csv",
            "out/%Y/%m/x.csv",
            "out/x-%F.csv",
            "out/%d",
            "-",
        ];
        let said: Vec<String> = refused
            .map(|text| format!("{text}\n  {}", said(text)))
            .into();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn a_path_from_another_folder_leads_to_the_same_file() {
        let path = FilePath("out/x.csv".into());
        assert_eq!(path.seen_from("p.yaml"), "out/x.csv");
        assert_eq!(path.seen_from("pipelines/a/p.yaml"), "../../out/x.csv");
        assert!(path.seen_from("../p.yaml").ends_with("/out/x.csv"));
    }
}
