//! What does a dispatch cost? Every cell by criterion: `cargo bench -p xqute-benches --bench dispatch`.

use criterion::{Criterion, criterion_group, criterion_main};
use xqute_benches::designs::{self, Cell, Meter};

struct Bench<'a>(&'a mut Criterion);

impl Meter for Bench<'_> {
    fn measure(&mut self, cell: Cell, mut dispatch: impl FnMut()) {
        self.0.bench_function(&cell.to_string(), |bencher| bencher.iter(&mut dispatch));
    }
}

fn dispatch(criterion: &mut Criterion) {
    designs::measure(&mut Bench(criterion));
}

criterion_group!(benches, dispatch);
criterion_main!(benches);
