module github.com/heliograph/heliograph/tools

go 1.26
