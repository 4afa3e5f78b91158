//! How much a service tells: `LOG_LEVEL`.

use tracing::Level;

use crate::error::{Error, Problem, Result};

/// How much a variable of the environment wants to hear; some programs say `warning` and `fatal`.
///
/// # Errors
/// It is no level.
pub(super) fn of_variable(variable: &str) -> Result<Level> {
    let said = std::env::var(variable).unwrap_or_default();
    of_word(said.trim()).ok_or_else(|| {
        let problem = Problem::new(format!("`{variable}` is `{said}`, which is no level"));
        Error::user(problem.hint("it is one of trace, debug, info, warn, error"))
    })
}

fn of_word(word: &str) -> Option<Level> {
    match word.to_ascii_lowercase().as_str() {
        "" => Some(Level::INFO),
        "warning" => Some(Level::WARN),
        "fatal" | "panic" => Some(Level::ERROR),
        // `tracing` takes `1` to `5` as levels. Whoever writes a number may mean syslog's, which
        // counts the other way round.
        word if word.starts_with(|first: char| first.is_ascii_digit()) => None,
        word => word.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_names() {
        for (word, level) in [
            ("", Some(Level::INFO)),
            ("INFO", Some(Level::INFO)),
            ("Debug", Some(Level::DEBUG)),
            ("warning", Some(Level::WARN)),
            ("fatal", Some(Level::ERROR)),
            ("trace", Some(Level::TRACE)),
            ("3", None),
            ("loud", None),
        ] {
            assert_eq!(of_word(word), level, "{word}");
        }
    }
}
