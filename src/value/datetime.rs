//! Dates and times as text: ISO 8601 and .NET patterns.
