//! What nobody outside AWS knows: each rule is one constant, read from here and nowhere else, and listed in
//! `docs/fidelity.md` with its evidence.

use super::phase::Status;

/// A phase that failed under `on-failure: CONTINUE` does not make the build FAILED.
///
/// Unconfirmed. For: AWS's Account Factory for Terraform ends its `post_build` with an explicit `exit 1` when the flag
/// is 0, steampipe's documentation uses CONTINUE "to exit cleanly". Against: no document says that a FAILED phase is forgiven.
pub const CONTINUE_FORGIVES: bool = true;

/// `CODEBUILD_BUILD_SUCCEEDING` is 0 in the `finally` of the phase that is failing.
///
/// Unconfirmed; by then a command has failed.
pub const NOT_SUCCEEDING_IN_FINALLY: bool = true;

/// The first failing command of `finally` skips the rest of it, as in `commands`. Unconfirmed.
pub const FINALLY_STOPS_AT_FIRST_FAILURE: bool = true;

/// `on-failure: ABORT` skips `UPLOAD_ARTIFACTS` too.
///
/// From an answer on re:Post (QUCon9LOD-RMa-ZZUHiHplPg): reports were not read until ABORT was taken away.
pub const ABORT_SKIPS_UPLOAD: bool = true;

/// `finally` of the failing phase still runs under ABORT: it belongs to the phase. Unconfirmed.
pub const ABORT_RUNS_FINALLY: bool = true;

/// `on-failure: RETRY` begins the failed phase again with its first command; variables, directory and files stay.
///
/// Unconfirmed: the documentation says "retry the build". `false` runs `finally` before each retry, `true` only after
/// the last one.
pub const RETRY_POSTPONES_FINALLY: bool = false;

/// RETRY's pattern is looked for in the failed command's output, too, not only in the phase's message.
///
/// Unconfirmed. For: AWS's example `Retry-.*Error: Unable to connect to database.*` can't match a phase's message.
pub const RETRY_LOOKS_AT_OUTPUT: bool = true;

/// So much of the end of that output is looked at, in bytes.
pub const RETRY_OUTPUT_SEEN: usize = 256 * 1024;

/// `CODEBUILD_BUILD_SUCCEEDING` is 1 again when a phase is retried, if no earlier phase has failed. Unconfirmed.
pub const SUCCEEDING_AGAIN_IN_RETRY: bool = true;

/// `PHASE: n commands` in the log counts `commands` alone, not `finally`. Unconfirmed.
pub const COUNT_INCLUDES_FINALLY: bool = false;

/// A build that ran out of time has this status; its phase has `TIMED_OUT` in any case.
///
/// Nothing of the build runs after it: no `finally`, no later phase, no artifacts.
///
/// Unconfirmed: the API knows `TIMED_OUT` as a build's status, one page of the documentation shows FAILED (spec 10.4).
pub const STATUS_AFTER_TIME_OUT: Status = Status::TimedOut;

/// `HOME` stays `/root` for the commands of another user: the documentation gives no other value (spec 4). Unconfirmed.
pub const RUN_AS_KEEPS_HOME: bool = true;

/// A `run-as` user whom the image does not know fails the phase before its first command, in the words of Go's
/// `os/user`. Unconfirmed.
pub const UNKNOWN_USER: &str = "user: unknown user";
