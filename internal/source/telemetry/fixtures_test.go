package telemetry_test

import "github.com/heliograph/heliograph/internal/testkit/faketree"

// container is a machine of which nothing can be seen but the bare minimum.
func container() faketree.Tree {
	return faketree.Tree{Files: faketree.Files{
		"proc/stat":           "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 100 0 100 800 0 0 0 0 0 0\nintr 0\n",
		"proc/meminfo":        "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 600 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
		"proc/net/dev":        netDev("    lo: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n"),
		"proc/self/mountinfo": "1 0 0:20 / /proc rw - proc proc rw\n",
	}}
}

func netDev(lines string) string {
	return "Inter-|   Receive                                                |  Transmit\n" +
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n" + lines
}

// raspberryPi is a Raspberry Pi 4 with a power meter on its I²C bus.
func raspberryPi() faketree.Tree {
	return container().Plus(faketree.Tree{
		Files: faketree.Files{
			"proc/stat": "cpu  400 0 100 1500 0 0 0 0 0 0\ncpu0 100 0 50 350 0 0 0 0 0 0\ncpu1 100 0 50 350 0 0 0 0 0 0\n" +
				"cpu2 100 0 0 400 0 0 0 0 0 0\ncpu3 100 0 0 400 0 0 0 0 0 0\nintr 5 0\nbtime 1930000000\n",
			"proc/net/dev": netDev("    lo: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n  eth0: 9000 9 0 0 0 0 0 0 800 8 0 0 0 0 0 0\nwlan0:100 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0\n"),
			"proc/self/mountinfo": `21 27 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw
22 21 179:1 / /boot/firmware rw - vfat /dev/mmcblk0p1 rw
23 21 0:22 / /run rw - tmpfs tmpfs rw
24 21 179:2 /var/lib/data /srv/data rw - ext4 /dev/root rw
25 21 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
26 21 0:41 / /mnt/nas\040box rw - nfs4 nas:/export rw
`,
			"sys/class/net/eth0/address": "dc:a6:32:00:00:01\n", "sys/class/net/wlan0/address": "00:00:00:00:00:00\n",
			"sys/devices/system/cpu/cpufreq/policy0/related_cpus":          "0 1 2 3\n",
			"sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq":      "1800000\n",
			"sys/devices/virtual/thermal/thermal_zone0/type":               "cpu-thermal\n",
			"sys/devices/virtual/thermal/thermal_zone0/temp":               "51234\n",
			"sys/devices/virtual/thermal/thermal_zone0/hwmon0/name":        "cpu_thermal\n",
			"sys/devices/virtual/thermal/thermal_zone0/hwmon0/temp1_input": "51234\n",
			"sys/devices/platform/soc/soc:firmware/get_throttled":          "50005\n",
			"sys/devices/hwmon1/name":                                      "rpi_volt\n",
			"sys/devices/hwmon1/in0_lcrit_alarm":                           "0\n",
			"sys/devices/hwmon2/name":                                      "ina219\n",
			"sys/devices/hwmon2/in0_input":                                 "12\n",
			"sys/devices/hwmon2/in1_input":                                 "5080\n",
			"sys/devices/hwmon2/curr1_input":                               "1200\n",
			"sys/devices/hwmon2/power1_input":                              "6096000\n",
			"sys/devices/v3d/gpu_stats":                                    "queue\ttimestamp\tjobs\truntime\nbin\t1000000000\t5\t100\nrender\t1000000000\t9\t5000\n",
			"sys/class/drm/card1/dev":                                      "226:1\n",
			"sys/class/drm/card1-HDMI-A-1/status":                          "connected\n",
			"sys/class/drm/version":                                        "drm 1.1.0\n",
		},
		Links: faketree.Links{
			"sys/class/thermal/thermal_zone0": "../../devices/virtual/thermal/thermal_zone0",
			"sys/class/hwmon/hwmon0":          "../../devices/virtual/thermal/thermal_zone0/hwmon0",
			"sys/class/hwmon/hwmon1":          "../../devices/hwmon1",
			"sys/class/hwmon/hwmon2":          "../../devices/hwmon2",
			"sys/class/drm/card0/device":      "../../../devices/v3d",
		},
	})
}

// laptop is an x86 laptop with a graphics card of AMD, on battery.
func laptop() faketree.Tree {
	const gpu = "sys/devices/pci/gpu/"
	return container().Plus(faketree.Tree{
		Files: faketree.Files{
			"sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "3199600\n",
			"sys/class/thermal/thermal_zone0/type":                 "acpitz\n",
			"sys/class/thermal/thermal_zone0/temp":                 "40000\n",
			"sys/class/thermal/thermal_zone1/type":                 "acpitz\n",
			"sys/class/thermal/thermal_zone1/temp":                 "-273200\n",
			"sys/devices/k10/name":                                 "k10temp\n",
			"sys/devices/k10/temp1_input":                          "61500\n",
			"sys/devices/k10/temp1_label":                          "Tctl\n",
			"sys/devices/k10/temp3_input":                          "70000\n",
			"sys/devices/k10/temp3_label":                          "Tccd1\n",
			"sys/devices/nvme/name":                                "nvme\n",
			"sys/devices/nvme/temp1_input":                         "35850\n",
			"sys/devices/nvme/temp1_label":                         "Composite\n",
			gpu + "gpu_busy_percent":                               "37\n",
			gpu + "mem_info_vram_total":                            "8000000000\n",
			gpu + "mem_info_vram_used":                             "3000000000\n",
			gpu + "power/runtime_status":                           "active\n",
			gpu + "hwmon/hwmon5/name":                              "amdgpu\n",
			gpu + "hwmon/hwmon5/temp1_input":                       "48000\n",
			gpu + "hwmon/hwmon5/temp1_label":                       "edge\n",
			gpu + "hwmon/hwmon5/freq1_input":                       "1500000000\n",
			gpu + "hwmon/hwmon5/power1_average":                    "20000000\n",
			"sys/class/drm/card0/gt_act_freq_mhz":                  "350\n",
			"sys/class/power_supply/AC/type":                       "Mains\n",
			"sys/class/power_supply/AC/online":                     "0\n",
			"sys/class/power_supply/BAT0/type":                     "Battery\n",
			"sys/class/power_supply/BAT0/status":                   "Discharging\n",
			"sys/class/power_supply/BAT0/voltage_now":              "12000000\n",
			"sys/class/power_supply/BAT0/current_now":              "-1500000\n",
			"sys/class/power_supply/mouse/type":                    "Battery\n",
			"sys/class/power_supply/mouse/scope":                   "Device\n",
			"sys/class/power_supply/mouse/status":                  "Discharging\n",
			"sys/class/power_supply/mouse/voltage_now":             "3000000\n",
		},
		Links: faketree.Links{
			"sys/class/drm/card1/device": "../../../devices/pci/gpu",
			"sys/class/hwmon/hwmon1":     "../../devices/k10",
			"sys/class/hwmon/hwmon2":     "../../devices/nvme",
			"sys/class/hwmon/hwmon5":     "../../devices/pci/gpu/hwmon/hwmon5",
			gpu + "hwmon/hwmon5/device":  "../../",
		},
	})
}
