"""The proof on a GPU: what was only ever computed on a processor, run and measured on one. See docs/benchmarks.md."""
