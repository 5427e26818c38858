package console

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// helperEnv makes this test binary act as the program on the terminal.
const helperEnv = "CONSOLE_TEST_HELPER"

func TestMain(m *testing.M) {
	if job := os.Getenv(helperEnv); job != "" {
		os.Exit(help(job))
	}
	goleak.VerifyTestMain(m)
}

// help does a job of the form "name:number".
func help(job string) int {
	name, arg, _ := strings.Cut(job, ":")
	n, _ := strconv.Atoi(arg)
	if err := rawTerminal(); err != nil {
		return 1
	}
	switch name {
	case "print":
		return printRecords(n)
	case "dribble":
		return dribble(n)
	case "echo":
		_, _ = io.Copy(os.Stdout, os.Stdin)
	}
	return 0
}

// rawTerminal passes all bytes unchanged and without echo.
func rawTerminal() error {
	mode, err := unix.IoctlGetTermios(0, unix.TCGETS)
	if err != nil {
		return err
	}
	mode.Iflag, mode.Oflag = 0, mode.Oflag&^unix.OPOST
	mode.Lflag &^= unix.ECHO | unix.ICANON | unix.ISIG | unix.IEXTEN
	mode.Cc[unix.VMIN], mode.Cc[unix.VTIME] = 1, 0
	return unix.IoctlSetTermios(0, unix.TCSETS, mode)
}

// record returns the i-th record of the text that is printed: it tells its
// number, has characters of all widths and always the same length.
func record(dst []byte, i int) []byte {
	dst = fmt.Appendf(dst, "%012d ", i)
	words := []string{"añ€😀abcd", "😀añ€abcd", "€a😀ñbcda", "abcdñ€a😀"}
	for k := range 4 {
		dst = append(dst, words[(i+k*k)%len(words)]...)
	}
	return append(dst, '|')
}

func recordLen() int { return len(record(nil, 0)) }

// printRecords prints n bytes of records in pieces of 1 to 8192 bytes, which
// split characters, and ends with code 7.
func printRecords(n int) int {
	random := rand.New(rand.NewPCG(1, 2))
	var text []byte
	for i := 0; n > 0; {
		size := min(1+random.IntN(8192), n)
		for len(text) < size {
			text = record(text, i)
			i++
		}
		if _, err := os.Stdout.Write(text[:size]); err != nil {
			return 1
		}
		text = append(text[:0], text[size:]...)
		n -= size
	}
	return 7
}

// dribble prints n single bytes, each with a write of its own and after it was
// asked for one by a byte of input.
func dribble(n int) int {
	in := bufio.NewReader(os.Stdin)
	for i := range n {
		if _, err := in.ReadByte(); err != nil {
			return 1
		}
		_, _ = os.Stdout.Write([]byte{'a' + byte(i%26)})
	}
	return 0
}
