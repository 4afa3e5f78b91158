//! Every block of a page, tested as it says: what is wrong, and the page with what commands answer now.

use super::blocks::{self, Block, Kind};
use super::frame;
use super::pages::Page;
use super::shell;
use super::support::{Ended, Folder, project};

/// The page as it should be, and what is wrong with it.
pub fn page(page: &Page) -> (String, Vec<String>) {
    let folder = frame::folder();
    let mut problems = Vec::new();
    let mut fresh = String::new();
    let mut copied = 0;
    for block in blocks::of(&page.text) {
        let tested = match block.kind() {
            Some(Kind::Console) => answers(&folder, &block.text).map(Some),
            Some(kind) => test(&folder, kind, &block.text).map(|()| None),
            None => Err("says not how it is tested: CONTRIBUTING.md has the words".into()),
        };
        match tested {
            Ok(None) => {}
            Ok(Some(answers)) => {
                fresh.push_str(&page.text[copied..block.place.start]);
                fresh.push_str(&answers);
                copied = block.place.end;
            }
            Err(problem) => problems.push(said(page, &block, &problem)),
        }
    }
    fresh.push_str(&page.text[copied..]);
    (fresh, problems)
}

fn said(page: &Page, block: &Block, problem: &str) -> String {
    let Page { path, .. } = page;
    let Block { line, info, .. } = block;
    format!("{path}:{line}: `{info}`: {problem}")
}

fn test(folder: &Folder, kind: Kind<'_>, text: &str) -> Result<(), String> {
    match kind {
        Kind::Pipeline(name) => ends_with(0, check(folder, name, text)),
        Kind::Wrong(name) => ends_with(1, check(folder, name, text)),
        Kind::Fragment(fragment) => {
            let whole = frame::around(fragment, text);
            ends_with(0, check(folder, "fragment.yaml", &whole))
        }
        Kind::File(name) => {
            folder.write(name, text);
            Ok(())
        }
        Kind::ShellRun => ends_with(0, shell::run(folder, text)),
        Kind::ShellParse => ends_with(0, shell::parse(text)),
        Kind::Cron => ends_with(0, shell::parse(&shell::of_crontab(text))),
        Kind::Airflow => {
            let command = shell::of_airflow(text).ok_or("has no command")?;
            ends_with(0, shell::parse(&command))
        }
        // It needs the wheel, which these tests do not build.
        Kind::Python => Ok(()),
        Kind::Kubernetes => ends_with(0, shell::parse(&shell::of_kubernetes(text)?)),
        Kind::Recorded(path) => recorded(path, text),
        Kind::Console => unreachable!("it has answers"),
    }
}

fn check(folder: &Folder, name: &str, text: &str) -> Ended {
    folder.write(name, text);
    folder.run(&["check", name])
}

fn ends_with(code: i32, ended: Ended) -> Result<(), String> {
    match ended.code == code {
        true => Ok(()),
        false => Err(format!(
            "exit code {}, not {code}:\n{}{}",
            ended.code, ended.stdout, ended.stderr
        )),
    }
}

/// Each command behind a `$`, and what it answers.
fn answers(folder: &Folder, text: &str) -> Result<String, String> {
    let commands: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .collect();
    if commands.is_empty() {
        return Err("has no line with `$ `".into());
    }
    let answer = |command: &&str| {
        let text = shell::answer(folder, command);
        let lines = text.lines().map(|line| format!("{}\n", line.trim_end()));
        format!("$ {command}\n{}", lines.collect::<String>())
    };
    Ok(commands.iter().map(answer).collect())
}

fn recorded(path: &str, text: &str) -> Result<(), String> {
    let file = std::fs::read_to_string(project().join(path)).map_err(|error| error.to_string())?;
    let known: Vec<&str> = file.lines().map(str::trim_end).collect();
    let missing: Vec<&str> = text
        .lines()
        .filter(|line| !known.contains(&line.trim_end()))
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(format!("{path} has not:\n{}", missing.join("\n"))),
    }
}
