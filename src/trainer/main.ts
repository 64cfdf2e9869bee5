// The child process: it trains one run, or with `inference` as its argument answers questions about policies.
if (process.argv[2] === 'inference') {
  void import('./inference/inferenceMain');
} else {
  void import('./trainerMain');
}
