//! Certificates of authorities, in a file of the PEM form.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::Problem;
use crate::place::{FilePath, Placed};

/// The certificates of a file, which drivers would read only when they connect.
///
/// # Errors
/// It cannot be read, or has something else in it.
pub fn certificates(file: &Placed<FilePath>) -> Result<Vec<CertificateDer<'static>>, Problem> {
    CertificateDer::pem_file_iter(file.as_str())
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(file, error))
}

/// The file cannot be read, or is of no use.
pub fn unreadable(file: &Placed<FilePath>, why: impl std::fmt::Display) -> Problem {
    let problem = Problem::new(format!("could not read `{}`", file.as_str()));
    problem.cause(why).at(&file.place)
}
