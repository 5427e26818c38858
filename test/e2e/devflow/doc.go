// Package devflow tests the agent protocol as its clients see it: each row of the
// sections 2 to 5 of the contract, and the checklist of section 8, against the running
// binary, in both compatibility modes. Comments name the sections.
package devflow
