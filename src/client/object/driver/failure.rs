//! What a store refuses, said so that one knows what to do.

use std::error::Error as _;

use object_store::Error as StoreError;

use super::ObjectUrl;
use crate::error::{Error, Fault, Problem};

/// Whoever may not do something is not told why.
const DENIED: (&str, &str, &str) = (
    "AccessDenied",
    "these credentials may not do that",
    "rowgen lists, reads, writes and removes objects and ends uploads below the path that it writes, and lists and reads what it reads",
);

/// What a store says, by its code, and what helps.
const KNOWN: &[(&str, &str, &str)] = &[
    (
        "SignatureDoesNotMatch",
        "the secret is not that of the key",
        "`AWS_SECRET_ACCESS_KEY` and `AWS_ACCESS_KEY_ID` belong together",
    ),
    (
        "InvalidAccessKeyId",
        "it does not know the key",
        "`AWS_ACCESS_KEY_ID` names a key of this store; `AWS_ENDPOINT_URL` says which store it is",
    ),
    (
        "NotSignedUp",
        "it does not know the key",
        "`AWS_ACCESS_KEY_ID` names a key of this store; `AWS_ENDPOINT_URL` says which store it is",
    ),
    (
        "ExpiredToken",
        "the credentials have expired",
        "get new ones, and set `AWS_SESSION_TOKEN` with them",
    ),
    (
        "NoSuchBucket",
        "there is no such bucket",
        "make it first, or write its name as it is; `AWS_ENDPOINT_URL` says where it is",
    ),
    (
        "AuthorizationHeaderMalformed",
        "the bucket is in another region",
        "set `AWS_REGION` to the region of the bucket",
    ),
    (
        "PermanentRedirect",
        "the bucket is in another region",
        "set `AWS_REGION` to the region of the bucket",
    ),
    (
        "RequestTimeTooSkewed",
        "this machine's clock and its own differ",
        "set the clock of this machine",
    ),
    DENIED,
    (
        "AuthenticationFailed",
        "it does not take the key",
        "`AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY` belong together",
    ),
    (
        "ContainerNotFound",
        "there is no such container",
        "make it first, or write its name as it is",
    ),
];

/// Texts within errors of the client, where no store has answered.
const WITHIN: &[(&str, &str, &str)] = &[(
    "without LOCATION",
    "the bucket is in another region",
    "set `AWS_REGION` to the region of the bucket",
)];

/// Where machines of a cloud ask for credentials of their own.
const OWN: [&str; 2] = ["169.254.169.254", "metadata.google.internal"];

/// What credentials are said by, by the scheme of the store.
fn credentials(scheme: &str) -> &'static str {
    match scheme {
        "az" => {
            "set `AZURE_STORAGE_ACCOUNT_NAME`, and `AZURE_STORAGE_ACCOUNT_KEY`, which is base64, or `AZURE_STORAGE_SAS_TOKEN`"
        }
        "gs" => "set `GOOGLE_SERVICE_ACCOUNT` to the file of a service account's key",
        _ => {
            "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AWS_SKIP_SIGNATURE=true` for what everybody may read"
        }
    }
}

/// Why a store cannot be opened, or nobody says who asks it.
fn unopened(problem: Problem, doing: &str, url: &ObjectUrl, error: &StoreError) -> Option<Error> {
    let hint = credentials(&url.scheme);
    let text = chain(error);
    if OWN.iter().any(|own| text.contains(own)) {
        let why =
            "there are no credentials in the environment, and this machine has none of its own";
        return Some(Error::run(problem.cause(why).hint(hint)));
    }
    (doing == OPENING).then(|| Error::run(problem.cause(innermost(error)).hint(hint)))
}

/// What is done before a store is asked anything.
pub(super) const OPENING: &str = "opening";

/// Why doing something with an object, or with all of a bucket, has failed.
pub(super) fn told(doing: &str, url: &ObjectUrl, key: &str, error: &StoreError) -> Error {
    let problem = Problem::new(format!("{doing} `{}`", url.url(key)));
    let text = chain(error);
    let within = |(part, _, _): &&(&str, &str, &str)| text.contains(*part);
    // The client keeps a store's answer as a text within its error, and no code of it.
    let code = between(&text, "<Code>", "</Code>");
    let known = KNOWN.iter().find(|(known, _, _)| code == Some(*known));
    if let Some((_, why, hint)) = known.or_else(|| WITHIN.iter().find(within)) {
        return Error::run(problem.cause(why).hint(*hint));
    }
    if let Some(error) = unopened(problem.clone(), doing, url, error) {
        return error;
    }
    if let StoreError::Precondition { .. } = error {
        let changed = problem.cause("it has been written since it was opened");
        return Error::run(changed.hint("an object must not change while it is read"));
    }
    let said = between(&text, "<Message>", "</Message>");
    Error::run(match (code, said, error) {
        (Some(code), Some(said), _) if !said.is_empty() => problem.cause(format!("{code}: {said}")),
        (Some(code), ..) => problem.cause(code),
        (None, _, StoreError::NotFound { .. }) => problem.cause("there is no such object"),
        (None, _, StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. }) => {
            problem.cause(DENIED.1).hint(DENIED.2)
        }
        _ => problem.cause(innermost(error)),
    })
}

/// A store of this kind is not in this build.
pub(super) fn unknown(url: &ObjectUrl) -> Error {
    Error::user(Problem::new(format!("`{}://` is no store", url.scheme)))
}

/// The upload is gone: somebody has ended it.
pub(super) fn taken(url: &ObjectUrl, key: &str) -> Error {
    let what = format!("another run writes `{}` by now", url.url(key));
    let why = "the upload of this one was ended";
    let hint = "the run that has begun last goes on; let one run at a time write there";
    Error {
        fault: Fault::Busy,
        ..Error::run(Problem::new(what).cause(why).hint(hint))
    }
}

/// There is no such object; where even its bucket is missing, more is wrong.
pub fn is_no_object(error: &StoreError) -> bool {
    let bucket = ["<Code>NoSuchBucket<", "<Code>ContainerNotFound<"];
    let text = chain(error);
    matches!(error, StoreError::NotFound { .. }) && !bucket.iter().any(|code| text.contains(code))
}

/// All that an error says, with what it comes from.
fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text += &format!(": {inner}");
        source = inner.source();
    }
    text
}

/// What an error comes from in the end, without the URL of a request, which may hold a signature.
pub fn innermost(error: &StoreError) -> String {
    let mut last = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        last = inner.to_string();
        source = inner.source();
    }
    match last.split_once('?') {
        Some((before, _)) if before.contains("http") => before.to_string(),
        _ => last,
    }
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(from)?;
    Some(rest.split_once(to)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> ObjectUrl {
        ObjectUrl {
            scheme: "s3".into(),
            bucket: "lake".into(),
            key: String::new(),
        }
    }

    fn said(error: &StoreError) -> String {
        told("writing", &url(), "x.csv", error).to_string()
    }

    #[test]
    fn what_a_store_refuses_is_said_with_what_helps() {
        let path = "x.csv".to_string();
        let answer = |code: &str| -> Box<dyn std::error::Error + Send + Sync> {
            format!("Server returned non-2xx status code: 403: <Error><Code>{code}</Code><Message>Slow</Message></Error>").into()
        };
        let denied = |code| StoreError::PermissionDenied {
            path: path.clone(),
            source: answer(code),
        };
        let texts = [
            said(&denied("AccessDenied")),
            said(&denied("ExpiredToken")),
            said(&denied("Throttled")),
            said(&StoreError::PermissionDenied {
                path: path.clone(),
                source: "403 without a word".into(),
            }),
            said(&StoreError::Generic {
                store: "S3",
                source: "Received redirect without LOCATION, this normally indicates an incorrectly configured region".into(),
            }),
            said(&StoreError::Generic {
                store: "S3",
                source: "error sending request for url (http://169.254.169.254/latest/api/token)".into(),
            }),
            said(&StoreError::Precondition {
                path: path.clone(),
                source: "412".into(),
            }),
            said(&StoreError::Generic {
                store: "Azure",
                source: "error at https://a.blob.core.windows.net/c/x?sv=1&sig=abc".into(),
            }),
        ];
        insta::assert_snapshot!(texts.join("\n"));
    }

    #[test]
    fn no_bucket_is_more_than_no_object() {
        let absent = |code: &str| StoreError::NotFound {
            path: "x".into(),
            source: format!("404: <Code>{code}</Code>").into(),
        };
        assert!(is_no_object(&absent("NoSuchKey")));
        assert!(!is_no_object(&absent("NoSuchBucket")));
    }
}
