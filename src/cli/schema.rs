//! `buildspec schema`.

use super::Exit;
use crate::console::message;
use crate::schema;

/// Print the JSON Schema of buildspec.yml.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  buildspec schema > buildspec.schema.json
  check-jsonschema --schemafile buildspec.schema.json buildspec.yml

In an editor with the YAML language server, put this into the first line:
  # yaml-language-server: $schema=buildspec.schema.json")]
pub(super) struct Arguments;

pub(super) fn execute() -> Exit {
    message::answer(&schema::render());
    Exit::Success
}
