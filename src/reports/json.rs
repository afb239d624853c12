//! What the two JSON formats share.

use std::io::{BufRead, BufReader};

use serde::de::DeserializeSeed;

use super::fault::{Fault, UNEXPECTED_JSON_END};
use super::input::Input;

/// Reads one document.
pub(super) fn read<'de, S: DeserializeSeed<'de>>(
    input: &mut Input<'_>,
    seed: S,
) -> Result<S::Value, Fault> {
    let first = first_character(input)?;
    if first.is_none() {
        return Err(Fault::Empty);
    }
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::new(input));
    let value = seed
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| fault(error, first.unwrap_or(0)))
}

/// The first byte that is not space; what is before it is consumed.
fn first_character(input: &mut Input<'_>) -> Result<Option<u8>, Fault> {
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            return Ok(None);
        }
        let space = chunk.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let first = chunk.get(space).copied();
        input.consume(space);
        if first.is_some() {
            return Ok(first);
        }
    }
}

/// The parser's finding, in Go's words where their shape is sure.
fn fault(error: serde_json::Error, first: u8) -> Fault {
    let begins_a_value = first.is_ascii_digit() || b"{[\"-tfn".contains(&first);
    if error.is_io() {
        Fault::Io(error.into())
    } else if error.is_eof() {
        Fault::Other(UNEXPECTED_JSON_END.to_owned())
    } else if !begins_a_value {
        let first = char::from(first);
        Fault::Other(format!(
            "invalid character {first:?} looking for beginning of value"
        ))
    } else {
        Fault::Other(error.to_string())
    }
}
