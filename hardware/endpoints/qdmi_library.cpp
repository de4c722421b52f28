// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/qdmi_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <span>
#include <sstream>

namespace qmtl {
namespace {

// Numbers of QDMI 1.3 and 1.4, which agree in all that is used here.
enum SessionParameter : int { base_url = 0, token = 1, auth_file = 2, auth_url = 3, custom1 = 999999995 };
enum DeviceProperty : int {
  device_name = 0,
  library_version = 3,
  qubits_number = 4,
  sites_list = 5,
  operations_list = 6,
  coupling_map = 7,
  duration_unit = 12,
  duration_scale = 13
};
enum SiteProperty : int { site_index = 0, site_t1 = 1, site_t2 = 2, site_name = 3 };
enum OperationProperty : int {
  operation_name = 0,
  operation_qubits = 1,
  operation_fidelity = 4,
  operation_sites = 9
};
enum JobParameter : int { program_format = 0, program_text = 1, shots_number = 2 };
constexpr int job_id = 0;
enum JobResultKind : int { histogram_keys = 1, histogram_values = 2 };

constexpr int not_supported = -9, timed_out = -11;

struct QdmiStatus {
  int code;
  std::string_view name;
  EndpointFault fault;
  bool refusal = false;  ///< of a submit: surely nothing was accepted
};
constexpr std::array<QdmiStatus, 11> statuses{{
    {-1, "FATAL", EndpointFault::refused},
    {-2, "OUTOFMEM", EndpointFault::transient},
    {-3, "NOTIMPLEMENTED", EndpointFault::refused, true},
    {-4, "LIBNOTFOUND", EndpointFault::refused},
    {-5, "NOTFOUND", EndpointFault::refused},
    {-6, "OUTOFRANGE", EndpointFault::malformed},
    {-7, "INVALIDARGUMENT", EndpointFault::refused, true},
    {-8, "PERMISSIONDENIED", EndpointFault::refused, true},
    {not_supported, "NOTSUPPORTED", EndpointFault::refused, true},
    {-10, "BADSTATE", EndpointFault::refused},
    {timed_out, "TIMEOUT", EndpointFault::transient},
}};

QdmiStatus status_of(int code) {
  for (const QdmiStatus& status : statuses)
    if (status.code == code) return status;
  return {code, "unknown", EndpointFault::malformed};
}

[[noreturn]] void fail(const std::string& library, const std::string& call, int code, EndpointFault fault) {
  throw EndpointError(fault, library + ": " + call + ": " + std::string(status_of(code).name) + " (" +
                                 std::to_string(code) + ")");
}

std::string text_of(const std::vector<char>& bytes) {
  return std::string(bytes.begin(), std::find(bytes.begin(), bytes.end(), '\0'));
}

template <class Value>
std::vector<Value> list_of(const std::vector<char>& bytes) {
  std::vector<Value> values(bytes.size() / sizeof(Value));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(Value));
  return values;
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

/// Open devices of each library, by its device_initialize: it is initialised for the first and finalised
/// after the last.
int& open_devices(int (*initialize)()) {
  static std::map<int (*)(), int> devices;
  return devices[initialize];
}

}  // namespace

/// Sessions, jobs, sites and operations are handles that only the library looks into.
struct QdmiDevice::Functions {
  int (*initialize)();
  int (*finalize)();
  int (*session_alloc)(void** session);
  int (*session_set)(void* session, int parameter, std::size_t size, const void* value);
  int (*session_init)(void* session);
  void (*session_free)(void* session);
  int (*device_property)(void* session, int property, std::size_t size, void* value, std::size_t* needed);
  int (*site_property)(void* session, void* site, int property, std::size_t size, void* value,
                       std::size_t* needed);
  int (*operation_property)(void* session, void* operation, std::size_t sites, void* const* site,
                            std::size_t parameters, const double* parameter, int property, std::size_t size,
                            void* value, std::size_t* needed);
  int (*create_job)(void* session, void** job);
  int (*retrieve_job)(void* session, const char* id, void** job);  // may be missing
  int (*job_set)(void* job, int parameter, std::size_t size, const void* value);
  int (*job_set_programs)(void* job, int format, std::size_t count, const std::size_t* sizes,
                          const void* const* programs);  // QDMI 1.4
  int (*job_property)(void* job, int property, std::size_t size, void* value, std::size_t* needed);
  int (*job_submit)(void* job);
  int (*job_cancel)(void* job);
  int (*job_check)(void* job, int* state);
  int (*job_wait)(void* job, std::size_t seconds);
  void* job_results;  // its signature depends on the version
  void (*job_free)(void* job);
};

QdmiDevice::QdmiDevice(const QdmiSettings& settings)
    : library_(settings.library), call_(std::make_unique<Functions>()) {
  void* handle = dlopen(settings.library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    throw usage_error(std::string("QDMI device library: ") + (reason != nullptr ? reason : library_.c_str()));
  }
  const auto find = [&](auto& function, const std::string& name, bool needed = true) {
    const std::string symbol = settings.prefix + "_QDMI_device_" + name;
    void* address = dlsym(handle, symbol.c_str());
    if (address == nullptr && needed)
      throw usage_error(library_ + ": expected the function " + symbol +
                        ", found none; is the prefix right?");
    static_assert(sizeof(function) == sizeof(address));
    std::memcpy(&function, &address, sizeof(address));
  };
  find(call_->initialize, "initialize");
  find(call_->finalize, "finalize");
  find(call_->session_alloc, "session_alloc");
  find(call_->session_set, "session_set_parameter");
  find(call_->session_init, "session_init");
  find(call_->session_free, "session_free");
  find(call_->device_property, "session_query_device_property");
  find(call_->site_property, "session_query_site_property");
  find(call_->operation_property, "session_query_operation_property");
  find(call_->create_job, "session_create_device_job");
  find(call_->retrieve_job, "session_retrieve_device_job_by_id", false);
  find(call_->job_set, "job_set_parameter");
  find(call_->job_set_programs, "job_set_programs", false);
  find(call_->job_property, "job_query_property");
  find(call_->job_submit, "job_submit");
  find(call_->job_cancel, "job_cancel");
  find(call_->job_check, "job_check");
  find(call_->job_wait, "job_wait");
  find(call_->job_results, "job_get_results");
  find(call_->job_free, "job_free");

  if (open_devices(call_->initialize) == 0) require(call_->initialize(), "device_initialize");
  ++open_devices(call_->initialize);
  try {
    open_session(settings);
    check_version();
  } catch (...) {
    close();
    throw;
  }
}

QdmiDevice::~QdmiDevice() { close(); }

void QdmiDevice::close() {
  if (session_ != nullptr) call_->session_free(session_);
  if (--open_devices(call_->initialize) == 0) call_->finalize();
}

void QdmiDevice::require(int code, const std::string& call) const {
  if (code < 0) fail(library_, call, code, status_of(code).fault);
}

void QdmiDevice::open_session(const QdmiSettings& settings) {
  require(call_->session_alloc(&session_), "device_session_alloc");
  const auto set = [&](int parameter, const std::string& value, const std::string& what) {
    if (!value.empty())
      require(call_->session_set(session_, parameter, value.size() + 1, value.c_str()),
              "device_session_set_parameter " + what);
  };
  set(base_url, settings.base_url, "BASEURL");
  set(token, settings.token.reveal(), "TOKEN");
  set(auth_file, settings.auth_file, "AUTHFILE");
  set(auth_url, settings.auth_url, "AUTHURL");
  for (std::size_t i = 0; i < settings.custom.size(); ++i)
    set(custom1 + static_cast<int>(i), settings.custom[i], "CUSTOM" + std::to_string(i + 1));
  require(call_->session_init(session_), "device_session_init");
}

/// What `ask`, first without room, gives; nothing where the device does not support it.
template <class Ask>
std::optional<std::vector<char>> QdmiDevice::bytes_of(const std::string& what, const Ask& ask) const {
  std::size_t size = 0;
  const int code = ask(0, nullptr, &size);
  if (code == not_supported) return std::nullopt;
  require(code, what);
  std::vector<char> bytes(size);
  if (size > 0) require(ask(size, bytes.data(), nullptr), what);
  return bytes;
}

std::optional<std::vector<char>> QdmiDevice::property(int number, const std::string& what) const {
  return bytes_of("device property " + what, [&](std::size_t size, void* value, std::size_t* needed) {
    return call_->device_property(session_, number, size, value, needed);
  });
}

void QdmiDevice::check_version() {
  const std::string version =
      text_of(property(library_version, "LIBRARYVERSION").value_or(std::vector<char>{}));
  lists_ = version.starts_with("1.4.");
  if (!lists_ && !version.starts_with("1.3."))
    throw EndpointError(EndpointFault::refused,
                        library_ + ": expected QDMI 1.3 or 1.4, found version '" + version +
                            "'; its numbers may mean other things, so it is not used");
  if (lists_ && call_->job_set_programs == nullptr)
    throw EndpointError(EndpointFault::refused,
                        library_ + ": says QDMI " + version + " but lacks device_job_set_programs");
}

std::string QdmiDevice::name() const {
  return text_of(property(device_name, "NAME").value_or(std::vector<char>{}));
}

std::size_t QdmiDevice::qubits() const {
  const auto numbers =
      list_of<std::size_t>(property(qubits_number, "QUBITSNUM").value_or(std::vector<char>{}));
  return numbers.empty() ? 0 : numbers[0];
}

int QdmiDevice::number_of(void* site) const {
  std::size_t index = 0;
  require(call_->site_property(session_, site, site_index, sizeof(index), &index, nullptr),
          "site property INDEX");
  return static_cast<int>(index);
}

std::optional<double> QdmiDevice::time_unit() const {
  const auto unit = property(duration_unit, "DURATIONUNIT");
  if (!unit) return std::nullopt;
  const auto scales =
      list_of<double>(property(duration_scale, "DURATIONSCALEFACTOR").value_or(std::vector<char>{}));
  const double scale = scales.empty() ? 1.0 : scales[0];
  for (const auto& [name, seconds] : {std::pair("s", 1.0), std::pair("ms", 1e-3), std::pair("us", 1e-6),
                                      std::pair("ns", 1e-9), std::pair("ps", 1e-12)})
    if (text_of(*unit) == name) return seconds * scale;
  return std::nullopt;
}

std::vector<QdmiSite> QdmiDevice::sites() const {
  std::vector<QdmiSite> sites;
  const std::optional<double> unit = time_unit();
  for (void* site : list_of<void*>(property(sites_list, "SITES").value_or(std::vector<char>{}))) {
    QdmiSite found;
    found.number = number_of(site);
    const auto ask = [&](int number, const std::string& what) {
      return bytes_of(what, [&](std::size_t size, void* value, std::size_t* needed) {
        return call_->site_property(session_, site, number, size, value, needed);
      });
    };
    if (const auto name = ask(site_name, "site property NAME")) found.name = text_of(*name);
    const auto time = [&](int number, const std::string& what) -> std::optional<double> {
      const auto bytes = unit ? ask(number, what) : std::nullopt;
      const auto raw = bytes ? list_of<std::uint64_t>(*bytes) : std::vector<std::uint64_t>{};
      if (raw.empty() || raw[0] == 0) return std::nullopt;
      return static_cast<double>(raw[0]) * *unit;
    };
    found.t1 = time(site_t1, "site property T1");
    found.t2 = time(site_t2, "site property T2");
    sites.push_back(std::move(found));
  }
  std::sort(sites.begin(), sites.end(),
            [](const QdmiSite& a, const QdmiSite& b) { return a.number < b.number; });
  return sites;
}

std::vector<QdmiOperation> QdmiDevice::operations() const {
  std::vector<QdmiOperation> operations;
  for (void* operation :
       list_of<void*>(property(operations_list, "OPERATIONS").value_or(std::vector<char>{}))) {
    const auto ask = [&](int number, const std::string& what, std::span<void* const> at = {}) {
      return bytes_of(what, [&](std::size_t size, void* value, std::size_t* needed) {
        return call_->operation_property(session_, operation, at.size(), at.empty() ? nullptr : at.data(), 0,
                                         nullptr, number, size, value, needed);
      });
    };
    QdmiOperation found;
    if (const auto name = ask(operation_name, "operation property NAME")) found.name = text_of(*name);
    const auto widths = list_of<std::size_t>(
        ask(operation_qubits, "operation property QUBITSNUM").value_or(std::vector<char>{}));
    const std::size_t width = widths.empty() ? 0 : widths[0];
    auto sites =
        list_of<void*>(ask(operation_sites, "operation property SITES").value_or(std::vector<char>{}));
    for (std::size_t i = 0; width > 0 && i + width <= sites.size(); i += width) {
      const std::span at(sites.data() + i, width);
      QdmiOperation::Place place;
      for (void* site : at) place.sites.push_back(number_of(site));
      const auto fidelities = list_of<double>(
          ask(operation_fidelity, "operation property FIDELITY", at).value_or(std::vector<char>{}));
      if (!fidelities.empty()) place.fidelity = fidelities[0];
      found.places.push_back(std::move(place));
    }
    operations.push_back(std::move(found));
  }
  return operations;
}

std::vector<std::pair<int, int>> QdmiDevice::coupling() const {
  std::vector<int> numbers;
  for (void* site : list_of<void*>(property(coupling_map, "COUPLINGMAP").value_or(std::vector<char>{})))
    numbers.push_back(number_of(site));
  std::vector<std::pair<int, int>> pairs;
  for (std::size_t i = 0; i + 1 < numbers.size(); i += 2) pairs.emplace_back(numbers[i], numbers[i + 1]);
  return pairs;
}

QdmiDevice::Job QdmiDevice::make_job(QdmiFormat format, const std::string& program, std::size_t shots) const {
  void* handle = nullptr;
  require(call_->create_job(session_, &handle), "device_session_create_device_job");
  Job job(*this, handle);
  const int number = static_cast<int>(format);
  const std::size_t size = program.size() + 1;
  if (lists_) {
    const void* const text = program.c_str();
    require(call_->job_set_programs(handle, number, 1, &size, &text), "device_job_set_programs");
  } else {
    require(call_->job_set(handle, program_format, sizeof(number), &number), "job parameter PROGRAMFORMAT");
    require(call_->job_set(handle, program_text, size, program.c_str()), "job parameter PROGRAM");
  }
  require(call_->job_set(handle, shots_number, sizeof(shots), &shots), "job parameter SHOTSNUM");
  return job;
}

QdmiDevice::Job QdmiDevice::find_job(const std::string& id) const {
  if (call_->retrieve_job == nullptr)
    throw EndpointError(EndpointFault::refused, library_ + ": cannot find jobs of earlier processes: no " +
                                                    "device_session_retrieve_device_job_by_id");
  void* handle = nullptr;
  require(call_->retrieve_job(session_, id.c_str(), &handle), "retrieval of job " + id);
  return Job(*this, handle);
}

QdmiDevice::Job& QdmiDevice::Job::operator=(Job&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(handle_, other.handle_);
  return *this;
}

QdmiDevice::Job::~Job() {
  if (handle_ != nullptr) device_->call_->job_free(handle_);
}

void QdmiDevice::Job::submit(bool elsewhere) {
  const int code = device_->call_->job_submit(handle_);
  if (code >= 0) return;
  const QdmiStatus status = status_of(code);
  fail(device_->library_, "device_job_submit", code,
       elsewhere && !status.refusal ? EndpointFault::uncertain : status.fault);
}

void QdmiDevice::Job::cancel() { device_->require(device_->call_->job_cancel(handle_), "device_job_cancel"); }

std::string QdmiDevice::Job::id() const {
  std::size_t size = 0;
  device_->require(device_->call_->job_property(handle_, job_id, 0, nullptr, &size), "job property ID");
  std::vector<char> bytes(size);
  device_->require(device_->call_->job_property(handle_, job_id, size, bytes.data(), nullptr),
                   "job property ID");
  return text_of(bytes);
}

QdmiJobState QdmiDevice::Job::state() const {
  int state = 0;
  device_->require(device_->call_->job_check(handle_, &state), "device_job_check");
  if (state < 0 || state > static_cast<int>(QdmiJobState::failed))
    throw EndpointError(EndpointFault::malformed,
                        device_->library_ + ": job state " + std::to_string(state) + ", expected 0 .. 6");
  return static_cast<QdmiJobState>(state);
}

bool QdmiDevice::Job::wait(std::size_t seconds) const {
  const int code = device_->call_->job_wait(handle_, seconds);
  if (code == timed_out) return false;
  device_->require(code, "device_job_wait");
  return true;
}

std::vector<char> QdmiDevice::Job::result(int kind, const std::string& what) const {
  using OneProgram = int (*)(void* job, int kind, std::size_t size, void* data, std::size_t* needed);
  using Listed =
      int (*)(void* job, std::size_t program, int kind, std::size_t size, void* data, std::size_t* needed);
  void* const address = device_->call_->job_results;
  const auto get = [&](std::size_t size, void* data, std::size_t* needed) {
    const int code = device_->lists_
                         ? reinterpret_cast<Listed>(address)(handle_, 0, kind, size, data, needed)
                         : reinterpret_cast<OneProgram>(address)(handle_, kind, size, data, needed);
    device_->require(code, "job result " + what);
  };
  std::size_t size = 0;
  get(0, nullptr, &size);
  std::vector<char> bytes(size);
  if (size > 0) get(size, bytes.data(), nullptr);
  return bytes;
}

Counts QdmiDevice::Job::histogram() const {
  const std::vector<std::string> keys = split_at_commas(text_of(result(histogram_keys, "HIST_KEYS")));
  const auto values = list_of<std::size_t>(result(histogram_values, "HIST_VALUES"));
  if (keys.size() != values.size())
    throw EndpointError(EndpointFault::malformed, device_->library_ + ": expected as many HIST_VALUES as " +
                                                      std::to_string(keys.size()) + " HIST_KEYS, found " +
                                                      std::to_string(values.size()));
  Counts counts;
  for (std::size_t i = 0; i < keys.size(); ++i) counts[keys[i]] += values[i];
  return counts;
}

}  // namespace qmtl
