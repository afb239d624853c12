//! Hides 100 secrets in a file's text, piece by piece as a build's output comes, for `make bench`: `mask_stream FILE`.

use std::error::Error;
use std::fs::File;
use std::io::Read as _;

use buildspec::env::mask::{MASK, Rewriter, masks};
use buildspec::env::secret::Secret;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("mask_stream FILE")?;
    let mut source = File::open(file)?;
    let secrets: Vec<Secret> = (0..100).map(|number| Secret::new(secret(number))).collect();
    let pairs = masks(&secrets)
        .into_iter()
        .map(|text| (text, MASK.to_owned()));
    let mut rewriter = Rewriter::new(pairs);
    let (mut piece, mut out, mut masked) = (vec![0; 64 * 1024], Vec::new(), 0);
    loop {
        let length = source.read(&mut piece)?;
        if length == 0 {
            break;
        }
        out.clear();
        rewriter.push(&piece[..length], &mut out);
        masked += out.len();
    }
    masked += rewriter.finish().len();
    // So that nothing of the work can be left out.
    assert!(masked > 0, "an empty file");
    Ok(())
}

/// 32 letters and digits, all different and none in a plain text.
fn secret(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..32)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let letter = u8::try_from(state % 36).unwrap_or_default();
            char::from(if letter < 26 {
                b'a' + letter
            } else {
                b'0' + letter - 26
            })
        })
        .collect()
}
