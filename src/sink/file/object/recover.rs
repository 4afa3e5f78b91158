//! What runs before left where objects are to be written: steps that were decided are taken, uploads that
//! were not are ended.

use super::super::existing::doubled_in;
use super::super::layout::PathLayout;
use super::super::{File, IfExists};
use super::decision::{DecisionCopy, stands};
use super::lease::Lease;
use super::place::ObjectPlace;
use crate::client::object::look_for;
use crate::error::{Error, Result};
use crate::sink::{Recovered, Target};

/// Does what is to be done, or with `only_look` says what the next run will do.
///
/// # Errors
/// Somebody is at work there, or the store refuses or is not there.
pub(in super::super) fn recover(
    file: &File,
    layout: &PathLayout,
    target: &Target,
    only_look: bool,
) -> Result<Recovered> {
    let recovered = recovered(file, layout, target, only_look);
    recovered.map_err(|error| error.at(&file.path.place))
}

fn recovered(
    file: &File,
    layout: &PathLayout,
    target: &Target,
    only_look: bool,
) -> Result<Recovered> {
    let place = ObjectPlace::new(layout, look_for(target.stall_timeout()))?;
    let mut recovered = Recovered {
        output: place.output(&target.fingerprint),
        ..Recovered::default()
    };
    // It is the first that is asked of the store: what is wrong is not the hidden object.
    let first = |mut error: Error| {
        for problem in &mut error.problems {
            problem.message = format!("looking at `{}`", layout.path().display());
        }
        error
    };
    let copy = DecisionCopy::kept(&place).map_err(first)?;
    let left = place.recorded().map_err(first)?;
    if copy.is_none() && file.if_exists(target) == IfExists::Append {
        recovered.lines.extend(doubled(&place, layout, target)?);
    }
    match copy.is_none() && left.is_empty() {
        true => {}
        false if only_look => told(&place, layout, (copy, left), &mut recovered)?,
        false => {
            // What is there belongs to a run that is at work, or to nobody: that it is known before
            // anything is done to it, nobody else does so at the same time.
            let _lease = Lease::take(&place, &*target.run)?;
            mended(&place, layout, target, &mut recovered)?;
        }
    }
    Ok(recovered)
}

/// What the next run does with what is there.
fn told(
    place: &ObjectPlace,
    layout: &PathLayout,
    (copy, mut left): (Option<DecisionCopy>, Vec<(String, String)>),
    recovered: &mut Recovered,
) -> Result<()> {
    if let Some(copy) = copy
        && stands(&copy.places()?)?
    {
        let shown = layout.path().display();
        recovered.lines.push(format!(
            "`{shown}`: a run that did not end had this ready; the next run publishes it"
        ));
        left.retain(|(key, id)| !copy.has_upload(key, id));
    }
    recovered.lines.extend(left.iter().map(|(key, _)| {
        let shown = place.shown(key);
        format!(
            "`{shown}`: a run that did not end, or is at work, has begun an upload; the next run ends it"
        )
    }));
    Ok(())
}

/// Publishes what was decided, and ends the uploads that were not.
fn mended(
    place: &ObjectPlace,
    layout: &PathLayout,
    target: &Target,
    recovered: &mut Recovered,
) -> Result<()> {
    if let Some(copy) = DecisionCopy::kept(place)? {
        finish(place, layout, target, &copy, recovered)?;
    }
    let left = place.recorded()?;
    recovered.lines.extend(left.iter().map(|(key, _)| {
        let shown = place.shown(key);
        format!("`{shown}`: the upload of a run that did not end is ended")
    }));
    place.abort(&left)
}

/// Takes the steps that a run before has decided, for all of its outputs.
fn finish(
    place: &ObjectPlace,
    layout: &PathLayout,
    target: &Target,
    copy: &DecisionCopy,
    recovered: &mut Recovered,
) -> Result<()> {
    let own = place.output(&target.fingerprint);
    let places = copy.places()?;
    let others = places
        .iter()
        .filter(|(_, other, has_copy)| *has_copy && other.journal_url() != place.journal_url());
    // All of them before the first step: an output that another run is writing is left alone.
    let leases = others.map(|(_, other, _)| Lease::take(other, &*target.run));
    let _leases = leases.collect::<Result<Vec<_>>>()?;
    let mut stays = false;
    if stands(&places)? {
        for (position, (output, other, has_copy)) in places.iter().enumerate() {
            let is_here = other.journal_url() == place.journal_url();
            let published = match has_copy {
                true => output.decided.finish(other, &output.layout())?,
                false => output.decided.were_taken(other)?,
            };
            stays |= is_here && published && output.key(other) == own;
            if published {
                recovered.published.extend(output.earlier(other, position));
            } else if *has_copy && output.decided.undo(other)? {
                let shown = output.layout();
                let shown = shown.path().display();
                let line = "a run was killed while it published this, and some of what it had made is gone: the rest is removed";
                recovered.lines.push(format!("`{shown}`: {line}"));
            }
            if is_here && published {
                let shown = layout.path().display();
                let line = "what a run that did not end had ready is published";
                recovered.lines.push(format!("`{shown}`: {line}"));
            }
        }
    }
    // What is decided stays as long as it is the same run that is here.
    match stays {
        true => Ok(()),
        false => place.bucket.remove(std::slice::from_ref(&place.journal)),
    }
}

fn doubled(place: &ObjectPlace, layout: &PathLayout, target: &Target) -> Result<Option<String>> {
    let PathLayout::Folder(folder) = layout else {
        return Ok(None);
    };
    let (contents, _) = place.contents(folder, &target.fingerprint)?;
    Ok(doubled_in(folder, contents.listing.own.as_deref(), target))
}
