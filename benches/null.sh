#!/usr/bin/env bash
# What does a job cost when nothing runs? Medians of five runs of each kind, in turn, and what is promised of them: the same
# cost at a million jobs as at ten thousand (ratio at most 1.15), at most 15 us and 200 MB, and as many allocations a job with sixteen
# implementations of each hook as with one.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release -q -p xqute-benches --bin null-run
run=target/release/null-run
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for _ in 1 2 3 4 5; do
  for kind in "10000 64 0" "1000000 64 0" "10000 64 1" "10000 64 16"; do
    # shellcheck disable=SC2086 # three arguments
    "$run" $kind | tee -a "$out" >&2
  done
done
# jobs 10000 forks 64 implementations 0: 1.81 us a job, 7.40 allocations a job, peak 5 MB
awk '
  { kind = $2 "/" $6 + 0; n[kind]++; us[kind, n[kind]] = $7; al[kind, n[kind]] = $11; if ($16 > mb[kind]) mb[kind] = $16 }
  function median(list, kind,   i, j, t, sorted) {
    for (i = 1; i <= n[kind]; i++) sorted[i] = list[kind, i]
    for (i = 1; i <= n[kind]; i++) for (j = i + 1; j <= n[kind]; j++) if (sorted[j] < sorted[i]) { t = sorted[i]; sorted[i] = sorted[j]; sorted[j] = t }
    return sorted[int((n[kind] + 1) / 2)]
  }
  END {
    print "| jobs | implementations of each hook | us a job | allocations a job | peak memory, MB |"
    print "| --- | --- | --- | --- | --- |"
    split("10000/0 1000000/0 10000/1 10000/16", kinds, " ")
    for (k = 1; k <= 4; k++) {
      split(kinds[k], part, "/")
      printf "| %d | %d | %.2f | %.2f | %d |\n", part[1], part[2], median(us, kinds[k]), median(al, kinds[k]), mb[kinds[k]]
    }
    ratio = median(us, "1000000/0") / median(us, "10000/0")
    more = median(al, "10000/16") / median(al, "10000/1")
    printf "\n1,000,000 to 10,000 jobs: %.2f (at most 1.15). Peak at 1,000,000: %d MB (below 200). Allocations with 16 to 1 implementations: %.3f\n", ratio, mb["1000000/0"], more
    exit !(ratio <= 1.15 && median(us, "1000000/0") <= 15 && mb["1000000/0"] < 200 && more <= 1.1)
  }' "$out"

# Instructions do not depend on what else the machine does: those of 20,000 jobs more, by valgrind, where it is installed.
if command -v valgrind >/dev/null; then
  refs() {
    valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null "$run" "$1" 64 0 2>&1 |
      awk '/I +refs:/ { gsub(",", ""); print $NF }'
  }
  echo "Instructions a job: $((($(refs 30000) - $(refs 10000)) / 20000))"
fi
