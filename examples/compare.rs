//! Compares two logs, for `make corpus`: `compare RECORDED HERE`.

use std::error::Error;

use buildspec::compare::{compare, human};

fn main() -> Result<(), Box<dyn Error>> {
    let mut files = std::env::args_os().skip(1);
    let (Some(recorded), Some(here)) = (files.next(), files.next()) else {
        return Err("compare RECORDED HERE".into());
    };
    let read = |file| std::fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let comparison = compare(&read(recorded)?, &read(here)?);
    anstream::print!("{}", human::render(&comparison));
    Ok(())
}
