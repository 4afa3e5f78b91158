//! That a file is what its name says.

use super::File;
use crate::error::Problem;
use crate::format::FormatKind;
use crate::format::compression::Compression;

/// What is wrong with the name of one file that says another format than `format` has, or another
/// compression. A folder's name says nothing of its files.
pub(super) fn problem(file: &File, format: &FormatKind) -> Option<Problem> {
    let name = file
        .path
        .last()
        .filter(|_| !super::layout::is_folder(&file.path))?;
    // The usual ending: with that of the compression, if there is one.
    let usual = format.extension();
    let (said, inner) = Compression::of_name(name);
    let (has, _) = Compression::of_name(&usual);
    let of_name = FormatKind::of_path(&file.path).ok();
    let stem = inner.rsplit_once('.').map_or(inner, |(stem, _)| stem);
    let rightly = || {
        let folder = file.path.as_str().strip_suffix(name).unwrap_or_default();
        format!("{folder}{stem}.{usual}")
    };
    let problem = match (
        of_name,
        said.map(Compression::suffix),
        has.map(Compression::suffix),
    ) {
        (Some(other), ..) if other.kind() != format.kind() => {
            let (name, is) = (other.kind(), format.kind());
            Problem::new(format!("the path says {name}, and `format` says {is}")).hint(format!(
                "write `path: {}`, or leave `format` out for {name}",
                rightly()
            ))
        }
        (_, Some(name), is) if Some(name) != is => {
            let is = is.map_or("no compression".to_string(), |is| format!("`{is}`"));
            Problem::new(format!("the path says `{name}`, and `format` says {is}")).hint(format!(
                "write `path: {}`, or leave `compression` out for `{name}`",
                rightly()
            ))
        }
        _ => return None,
    };
    Some(problem.at(&file.path.place))
}
