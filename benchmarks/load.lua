-- Posts what was prepared, each request once and at its own moment: wrk … -s load.lua URL -- FILE RATE
--
-- A line of FILE is path, visitor's address and body, with tabs between. Moments are as random as
-- visitors are, RATE a second on average, and do not wait for earlier answers while a connection is
-- free. wrk runs this with one thread. The last line printed is JSON, times in milliseconds.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } moment;
  int clock_gettime(int clock, moment *at);
  int getpid(void);
  int kill(int process, int signal);
]]
local MONOTONIC, SIGINT, FOR_EVER = 1, 2, 1e9

-- `done` runs beside the thread, and may ask it for what is global.
statuses, seconds = {}, 0
local worker
local requests = {}
local rate, due, first
local asked, answered = -1, 0

local function now()
  local at = ffi.new("moment")
  ffi.C.clock_gettime(MONOTONIC, at)
  return tonumber(at.seconds) * 1000 + tonumber(at.nanoseconds) / 1e6
end

function setup(thread)
  worker = thread
end

function init(arguments)
  rate = tonumber(arguments[2])
  math.randomseed(4)
  for line in io.lines(arguments[1]) do
    local path, visitor, body = line:match("^(.-)\t(.-)\t(.*)$")
    local headers = {
      ["Host"] = wrk.headers["Host"],
      ["Content-Type"] = "application/x-www-form-urlencoded",
      ["X-Forwarded-For"] = visitor,
      ["Connection"] = "close", -- as from a proxy that keeps none
    }
    requests[#requests + 1] = wrk.format("POST", path, headers, body)
  end
end

function delay()
  due = (due or now()) - math.log(1 - math.random()) * 1000 / rate
  if asked >= #requests then return FOR_EVER end
  return math.max(0, due - now())
end

function request()
  asked = asked + 1
  if asked == 0 then return requests[1] end -- wrk only looks at this one
  if asked == 1 then first = now() end
  return requests[asked]
end

function response(status)
  answered, seconds = answered + 1, (now() - first) / 1000
  statuses[status] = (statuses[status] or 0) + 1
  -- What is left of the time would be waited for; wrk ends in order on the signal of a Ctrl-C.
  if answered == #requests then ffi.C.kill(ffi.C.getpid(), SIGINT) end
end

function done(summary, latency)
  local counts, errors = {}, summary.errors
  for status, count in pairs(worker:get("statuses")) do
    counts[#counts + 1] = string.format('"%d": %d', status, count)
  end
  io.write(string.format(
    '{"p50": %.3f, "p99": %.3f, "slowest": %.3f, "seconds": %.3f, "broken": %d, "statuses": {%s}}\n',
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    worker:get("seconds"),
    errors.connect + errors.read + errors.write + errors.timeout, table.concat(counts, ", ")
  ))
end
