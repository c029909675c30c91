//! The executable, from outside: arguments in, output, exit status and files out.

mod settings;
mod workbench;
