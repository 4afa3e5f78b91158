//! What the option parser says, and what it cannot know: that a file was meant.

use std::ffi::OsString;
use std::path::Path;

use clap::error::ErrorKind;

use super::say;
use crate::error::Problem;

/// Help is success, a mistake is the user's.
pub(super) fn tell(error: &clap::Error, arguments: &[OsString]) -> u8 {
    match arguments
        .get(1)
        .filter(|_| error.kind() == ErrorKind::InvalidSubcommand)
    {
        // `rowgen file.yaml` would otherwise be answered with the list of commands.
        Some(first) if is_pipeline(Path::new(first)) => {
            let file = first.to_string_lossy();
            let problem =
                Problem::new(format!("`{file}` is a file, and no command")).hint(format!(
                    "`rowgen run {file}` makes its tables, `rowgen preview {file}` shows some rows"
                ));
            say(&problem.to_string());
        }
        // Nothing can be done when the terminal is gone.
        _ => drop(error.print()),
    }
    u8::from(error.use_stderr())
}

fn is_pipeline(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    path.is_file() || matches!(extension, Some("yaml" | "yml"))
}
