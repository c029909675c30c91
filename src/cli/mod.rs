//! One file per subcommand; no logic beyond arguments in, report out.
