package console

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// signalSession sends signal, unless it is 0, to every process of a session and
// returns how many there are; zombies do not count.
func signalSession(id int, signal syscall.Signal) int {
	found := 0
	for _, pid := range processIDs() {
		if !inSession(pid, id) {
			continue
		}
		found++
		if signal != 0 {
			signalMember(pid, id, signal)
		}
	}
	return found
}

// signalMember signals a process if it is still the one that was found: the
// handle is bound to the process (a pidfd, where the kernel has it), so that
// looking again afterwards proves that its number was not given away.
func signalMember(pid, session int, signal syscall.Signal) {
	handle, err := os.FindProcess(pid)
	if err != nil {
		return
	}
	defer func() { _ = handle.Release() }()
	if inSession(pid, session) {
		_ = handle.Signal(signal) // it may have ended by itself
	}
}

// processIDs lists the processes that exist now.
func processIDs() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }()
	names, _ := dir.Readdirnames(-1) // what was read before an error still counts
	var ids []int
	for _, name := range names {
		if id, err := strconv.Atoi(name); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

func inSession(pid, session int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	state, id, ok := parseStat(stat)
	return ok && id == session && state != 'Z' && state != 'X'
}

// parseStat returns the state and the session of a /proc/<pid>/stat line, whose
// second field, the name in parentheses, may hold any byte.
func parseStat(stat []byte) (state byte, session int, ok bool) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // state ppid pgrp session
	if len(fields) < 4 || len(fields[0]) != 1 {
		return 0, 0, false
	}
	session, err := strconv.Atoi(string(fields[3]))
	return fields[0][0], session, err == nil
}
