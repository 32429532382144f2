//! Inputs made of other inputs.

use fastrand::Rng;

/// The longest input, but for those that repeat something, which may become [`LONGEST`].
const LONG: usize = 2048;
const LONGEST: usize = 65_536;

/// What has a meaning in many formats, to nobody's profit: brackets, quotes, escapes, ends of lines, controls, characters
/// of more bytes than one, and halves of such.
const COMMON: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b")",
    b"<",
    b">",
    b"\"",
    b"'",
    b"`",
    b"\\",
    b"/",
    b"//",
    b"/*",
    b"*/",
    b"#",
    b":",
    b"=",
    b",",
    b".",
    b"..",
    b"*",
    b"$",
    b"${",
    b"%",
    b"%2F",
    b"%ff",
    b"\n",
    b"\r\n",
    b"\r",
    b"\t",
    b" ",
    b"\0",
    b"\x1b[31m",
    b"\x1b]0;title\x07",
    b"\x9b",
    b"\x7f",
    "\u{feff}".as_bytes(),
    "\u{fc}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{2028}".as_bytes(),
    "\u{1f600}".as_bytes(),
    b"\xf0\x9f",
    b"\xff",
    b"0",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"true",
    b"null",
    b"0x7fffffff",
];

pub(super) struct Mutator<'a> {
    random: Rng,
    corpus: &'a [Vec<u8>],
    words: &'a [&'a str],
}

impl<'a> Mutator<'a> {
    pub(super) fn new(seed: u64, corpus: &'a [Vec<u8>], words: &'a [&'a str]) -> Self {
        Self { random: Rng::with_seed(seed), corpus, words }
    }

    fn any(&mut self) -> &'a [u8] {
        self.random.choice(self.corpus).map_or(&[], Vec::as_slice)
    }

    fn word(&mut self) -> &'a [u8] {
        if self.random.bool() {
            self.random.choice(self.words).map_or(&[], |word| word.as_bytes())
        } else {
            self.random.choice(COMMON).copied().unwrap_or_default()
        }
    }

    fn at(&mut self, input: &[u8]) -> usize {
        self.random.usize(..=input.len())
    }

    fn part(&mut self, input: &[u8]) -> std::ops::Range<usize> {
        let (a, b) = (self.at(input), self.at(input));
        // Short ones are as likely as long ones.
        let (start, end) = (a.min(b), a.max(b));
        if self.random.bool() { start..end } else { start..end.min(start + self.random.usize(1..16)) }
    }

    /// The next input.
    pub(super) fn next(&mut self) -> Vec<u8> {
        let mut input = self.any().to_vec();
        for _ in 0..self.random.usize(1..=6) {
            self.change(&mut input);
            input.truncate(LONG);
        }
        // What nests deeply or goes on for long.
        if self.random.u32(..400) == 0 {
            let times = self.random.usize(1..20_000);
            let word = if self.random.bool() { self.word().to_vec() } else { self.line(&input) };
            let at = self.at(&input);
            let many = word.repeat(times.min(LONGEST / word.len().max(1)));
            input.splice(at..at, many);
        }
        input
    }

    fn line(&mut self, input: &[u8]) -> Vec<u8> {
        let lines: Vec<_> = input.split_inclusive(|byte| *byte == b'\n').collect();
        self.random.choice(lines).unwrap_or_default().to_vec()
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        match self.random.u32(..10) {
            // A word comes, or takes a place.
            0..=2 => {
                let at = self.at(input);
                let word = self.word();
                input.splice(at..at, word.iter().copied());
            }
            3 => {
                let part = self.part(input);
                let word = self.word();
                input.splice(part, word.iter().copied());
            }
            4 => {
                let part = self.part(input);
                input.drain(part);
            }
            // A part comes again, elsewhere.
            5 => {
                let part = self.part(input);
                let copy = input[part].to_vec();
                let at = self.at(input);
                input.splice(at..at, copy);
            }
            // A part of another input.
            6 => {
                let other = self.any();
                let part = self.part(other);
                let at = self.at(input);
                input.splice(at..at, other[part].iter().copied());
            }
            // Two lines change places.
            7 => {
                let mut lines: Vec<Vec<u8>> =
                    input.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                if lines.len() > 1 {
                    let (a, b) = (self.random.usize(..lines.len()), self.random.usize(..lines.len()));
                    lines.swap(a, b);
                    *input = lines.concat();
                }
            }
            _ => {
                if !input.is_empty() {
                    let at = self.random.usize(..input.len());
                    input[at] = if self.random.bool() {
                        self.random.u8(..)
                    } else {
                        input[at] ^ (1 << self.random.u8(..8))
                    };
                }
            }
        }
    }
}
