//! The pipeline: prefetch, workers, completion, lease keeper, shutdown.
