//! Listing and reading: modems that refuse, stay busy, or offer overlapping memories.
