//! What of the pipeline of `rowgen stream` is which flag: whoever runs it by flags has never seen the file.

use crate::place::Flags;

pub(super) const FLAGS: Flags = Flags {
    keys: &[
        ("bind", "`-bind` and `-data-port`"),
        ("data_port", "`-data-port`"),
        ("channels", "`-channels`"),
        ("start", "`-bind` and `-control-port`"),
        ("control_port", "`-control-port`"),
        ("start_timeout", "`-start-timeout`"),
        ("replies", "`-viz-ip` and `-viz-port`"),
        ("viz_ip", "`-viz-ip`"),
        ("viz_port", "`-viz-port`"),
        ("results", "`-output`"),
        ("output", "`-output`"),
        ("data", "`-s`"),
        ("size", "`-s`"),
        ("rate", "`-r`"),
        ("rows", "`-r` and `-t`"),
        ("messages", "`-r` and `-t`"),
        ("arrivals", "`-arrivals`"),
        ("ramp", "`-ramp-from` and `-ramp-time`"),
        ("ramp_from", "`-ramp-from`"),
        ("ramp_time", "`-ramp-time`"),
        ("catch_up", "`-catch-up`"),
        ("warm_up", "`-warm-up`"),
    ],
    words: &[
        ("could not open sink `stream`", "the stream has not begun"),
        // Whole phrases, because a file may be called like an option, and its name must not be
        // changed.
        ("or raise `start_timeout`", "or raise `-start-timeout`"),
        ("`start_timeout` is longer", "`-start-timeout` is longer"),
        ("`channels` is 1 to", "`-channels` is 1 to"),
    ],
};
