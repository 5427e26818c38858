package usb

// Node is a device and what is attached to it.
type Node struct {
	Device   Device
	Children []Node
}

// Tree arranges devices, as Scan returns them, from the root hubs down, keeping
// their order. A device whose hub is not in the list stands at the top.
func Tree(devices []Device) []Node {
	known := make(map[string]bool, len(devices))
	children := make(map[string][]Device, len(devices))
	for _, d := range devices {
		known[d.Name] = true
	}
	var top []Device
	for _, d := range devices {
		// A parent's name is shorter than a child's, or it is a root hub, so
		// nothing can be its own ancestor.
		if d.Parent != "" && known[d.Parent] && d.Parent != d.Name {
			children[d.Parent] = append(children[d.Parent], d)
		} else {
			top = append(top, d)
		}
	}
	return nodes(top, children)
}

func nodes(devices []Device, children map[string][]Device) []Node {
	if len(devices) == 0 {
		return nil
	}
	out := make([]Node, len(devices))
	for i, d := range devices {
		out[i] = Node{Device: d, Children: nodes(children[d.Name], children)}
	}
	return out
}
