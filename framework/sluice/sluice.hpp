/// Everything a program of the DataStream API needs.
#pragma once

#include "sluice/api/connected_streams.hpp"
#include "sluice/api/data_stream.hpp"
#include "sluice/api/environment.hpp"
#include "sluice/api/keyed_stream.hpp"
#include "sluice/api/launch.hpp"
#include "sluice/api/watermark_strategy.hpp"
#include "sluice/api/window.hpp"
