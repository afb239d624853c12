//! What nobody outside AWS knows about artifacts; each is listed in `docs/fidelity.md` with its evidence.

/// `artifacts` is there, but says of no file that it belongs to the primary artifact.
///
/// From `aws/aws-codebuild-docker-images` #128, of 2018: AWS's local agent, whose status code was `CLIENT_ERROR`.
pub const NO_PRIMARY: &str = "no definition for primary artifacts in buildspec";

/// A secondary artifact without `files`; its identifier follows. Unconfirmed, after [`NO_PRIMARY`].
pub const NO_SECONDARY: &str = "no definition for secondary artifacts in buildspec:";

/// The buildspec has a secondary artifact that the project does not have; its identifier follows.
///
/// Unconfirmed: that it fails is AWS's user guide, the words are ours.
pub const UNKNOWN_SECONDARY: &str = "no secondary artifacts in project for identifier:";

/// A project that keeps artifacts in a bucket needs a section `artifacts` in its buildspec.
///
/// Unconfirmed: the local agent of 2018 said [`NO_PRIMARY`]. `CodePipeline`'s projects are known to do without.
pub const SECTION_REQUIRED_FOR_S3: bool = true;

/// A file was there when files were listed, and then gone, or can't be read; its path in the artifact follows.
///
/// Unconfirmed. The others are kept; the phase fails, as an artifact that lacks a file is not what was asked for.
pub const GONE: &str = "gone since the files were listed, or unreadable:";
