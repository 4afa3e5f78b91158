//! Time as sessions see it, and waiting for the first of two things.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// A clock that can be waited on: the system's, or one that a test moves.
pub trait Clock {
    /// How long it has run.
    fn now(&self) -> Duration;

    /// Waits.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;
}

/// Which of two things came first.
pub(super) enum First<A, B> {
    One(A),
    Other(B),
}

/// Waits for the first of two things; the one that is there at once wins, and the other one is not
/// even begun.
pub(super) async fn first<A, B>(
    one: impl Future<Output = A>,
    other: impl Future<Output = B>,
) -> First<A, B> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| {
        if let Poll::Ready(one) = one.as_mut().poll(context) {
            return Poll::Ready(First::One(one));
        }
        other.as_mut().poll(context).map(First::Other)
    })
    .await
}
