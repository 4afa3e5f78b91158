//! What can be done about limits of the system.

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

/// What to do about a limit of the process that the system names, wherever it was met.
pub(super) fn hint(cause: &str) -> Option<String> {
    // By the text: causes are kept as texts, and what libraries wrap around the system's error is
    // lost in them. Rust always ends such a text with the number.
    let is = |code: Errno| cause.contains(&format!("(os error {})", code.raw_os_error()));
    if is(Errno::MFILE) {
        let limit = getrlimit(Resource::Nofile).current;
        let limit = limit.map_or_else(String::new, |limit| format!(" {limit}"));
        return Some(format!(
            "this process may have{limit} files open at once: raise that with `ulimit -n`, or write to fewer partitions, files and sinks at a time"
        ));
    }
    is(Errno::FBIG).then(|| {
        "a file may not become larger here: raise that with `ulimit -f`, or cut files with `target_file_size`".into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Problem;

    #[test]
    fn a_limit_of_the_system_says_what_to_do() {
        let hint = |code: Errno| {
            let error = std::io::Error::from(code);
            let problem = Problem::new("creating `a`")
                .cause(error)
                .hint("see `--out`");
            problem.hint.unwrap_or_default()
        };
        let many = hint(Errno::MFILE);
        assert!(many.starts_with("this process may have "), "{many}");
        assert!(many.contains(" files open at once: raise that with `ulimit -n`"));
        assert!(hint(Errno::FBIG).contains("`ulimit -f`"));
        assert_eq!(hint(Errno::NOSPC), "see `--out`");
    }
}
