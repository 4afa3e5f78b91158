//! Certificates of authorities, in a file of the PEM form.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::Problem;
use crate::place::{FilePath, Placed};
use crate::plain_file::read_text;

/// The certificates of a file, which drivers would read only when they connect.
///
/// # Errors
/// It cannot be read, or has something else in it.
pub fn certificates(file: &Placed<FilePath>) -> Result<Vec<CertificateDer<'static>>, Problem> {
    // Beside the pipeline, as Kafka's: it is part of what the pipeline says, wherever that is run from.
    let text = read_text(&file.beside()).map_err(|error| unreadable(file, error))?;
    let found = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| unreadable(file, error))?;
    match found.is_empty() {
        true => Err(unreadable(file, "it has no certificate")),
        false => Ok(found),
    }
}

/// The file cannot be read, or is of no use.
pub fn unreadable(file: &Placed<FilePath>, why: impl std::fmt::Display) -> Problem {
    let problem = Problem::new(format!("could not read `{}`", file.as_str()));
    problem.cause(why).at(&file.place)
}
