//! Chance that can be repeated.

/// xorshift, from a seed.
pub(crate) struct Dice {
    pub(crate) seed: u64,
    state: u64,
}

impl Dice {
    pub(crate) fn new() -> Self {
        let clock = || std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        let seed = std::env::var("CRASH_SEED").ok().map_or_else(clock, |it| it.parse().unwrap()) | 1;
        Self { seed, state: seed }
    }

    /// From 0 to below `most`.
    pub(crate) fn roll(&mut self, most: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % most
    }
}
