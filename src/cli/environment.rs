//! Variables that nearly have a name of ours: what they say would not be heard.

use clap::CommandFactory;

use super::arguments::Arguments;
use crate::error::did_you_mean;

const OURS: &str = "ROWGEN_";
const PARAM: &str = "ROWGEN_PARAM_";

/// Variables of this project's own scripts, below which the tests run: `ROWGEN_SERVERS` is near
/// `ROWGEN_SERVE`, and its warning once stood among the messages that a test of Kafka compared.
const OF_SCRIPTS: [&str; 2] = ["ROWGEN_CACHE", "ROWGEN_SERVERS"];

/// A warning for each variable whose name is near one that is read; others are somebody else's.
pub(super) fn warnings(params: &[(String, String)]) -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let ours = |name: &String| name.starts_with(OURS) && !OF_SCRIPTS.contains(&name.as_str());
    let mut names: Vec<String> = names.filter(ours).collect();
    // The order of the process's environment differs from run to run; that of warnings should not.
    names.sort_unstable();
    let known = known();
    let warning = |name: &String| misspelt(name, &known, params);
    names.iter().filter_map(warning).collect()
}

fn misspelt(name: &str, known: &[String], params: &[(String, String)]) -> Option<String> {
    let params = params.iter().map(|(name, _)| name.as_str());
    let near = match name.strip_prefix(PARAM) {
        Some(param) => near(param, params, PARAM)?,
        None => {
            let known = known.iter().filter_map(|known| known.strip_prefix(OURS));
            near(name.strip_prefix(OURS)?, known, OURS)?
        }
    };
    Some(format!(
        "the environment variable `{name}` is not read: {near}"
    ))
}

/// The hint for a name that is near one of `names`; none where it is one of them.
fn near<'a>(
    name: &str,
    names: impl Iterator<Item = &'a str> + Clone,
    prefix: &str,
) -> Option<String> {
    let is_known = names.clone().any(|known| known == name);
    // Names are compared without their prefix: how far a name may be off grows with its length, so
    // that with it `ROWGEN_OUT` would be near `ROWGEN_FOR`.
    let whole: Vec<String> = names
        .filter(|known| did_you_mean(name, [*known]).is_some())
        .map(|known| format!("{prefix}{known}"))
        .collect();
    let wrong = format!("{prefix}{name}");
    let near = did_you_mean(&wrong, whole.iter().map(String::as_str));
    near.filter(|_| !is_known)
}

/// Every variable that an option is read from.
fn known() -> Vec<String> {
    let command = Arguments::command();
    let commands = command.get_subcommands();
    let commands =
        commands.flat_map(|command| std::iter::once(command).chain(command.get_subcommands()));
    // The names come from the flags' parser itself: a list written by hand would miss the next
    // option.
    let arguments = commands.flat_map(|command| command.get_arguments());
    let variables = arguments.filter_map(|argument| argument.get_env());
    let mut names: Vec<String> = variables
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    // `dedup` finds only equal neighbours, and commands share most of their variables.
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_nearly_ours_is_told() {
        let params = [("rows".to_string(), "1".to_string())];
        let told = |name| misspelt(name, &known(), &params);
        assert_eq!(
            told("ROWGEN_SEDE").as_deref(),
            Some("the environment variable `ROWGEN_SEDE` is not read: did you mean `ROWGEN_SEED`?")
        );
        assert_eq!(
            told("ROWGEN_PARAM_ROWS").as_deref(),
            Some(
                "the environment variable `ROWGEN_PARAM_ROWS` is not read: did you mean `ROWGEN_PARAM_rows`?"
            )
        );
        assert_eq!(
            told("ROWGEN_PARAM_row").as_deref(),
            Some(
                "the environment variable `ROWGEN_PARAM_row` is not read: did you mean `ROWGEN_PARAM_rows`?"
            )
        );
        for name in [
            "ROWGEN_SEED",
            "ROWGEN_PARAM_rows",
            "ROWGEN_PARAM_day",
            "ROWGEN_FSYNC",
        ] {
            assert_eq!(told(name), None);
        }
    }
}
