@echo off
rem Runs ZooRank from a source checkout: builds it on first use and when its sources changed since the last build, then runs the program.
setlocal
set "root=%~dp0"
set "artifacts=%root%artifacts"
set "program=%artifacts%\bin\ZooRank.Cli\release\ZooRank.Cli.exe"
set "mirror=%artifacts%\zoorank.stamp.d"

where dotnet >nul 2>&1
if errorlevel 1 (
    echo zoorank: no .NET SDK 10 was found. Install it from https://dot.net, or put the folder of an installed one on PATH. 1>&2
    exit /b 2
)
call :is_current && goto run
if not exist "%artifacts%" mkdir "%artifacts%"
set "told="
:take
rem Redirecting to a file opens it for one process only: the build runs while it is open. 9 says that it could not be opened.
set "code=9"
2>nul (
    9>"%artifacts%\zoorank.lock" call :build_alone
)
if "%code%"=="0" goto run
if not "%code%"=="9" exit /b %code%
if not defined told echo waiting for another process that builds ZooRank... 1>&2
set "told=1"
timeout /t 1 /nobreak >nul 2>&1 || ping -n 2 127.0.0.1 >nul
goto take

:run
"%program%" %*
exit /b %errorlevel%

rem Robocopy answers 0 where the sources and their mirror have the same names, sizes and dates; /L: it copies nothing.
:is_current
if not exist "%program%" exit /b 1
if not exist "%mirror%" exit /b 1
robocopy "%root%src" "%mirror%\src" /MIR /L /NJH /NJS /NP /NS /NC /NFL /NDL >nul 2>&1
if not "%errorlevel%"=="0" exit /b 1
robocopy "%root%shipped" "%mirror%\shipped" /MIR /L /NJH /NJS /NP /NS /NC /NFL /NDL >nul 2>&1
if not "%errorlevel%"=="0" exit /b 1
robocopy "%root%." "%mirror%" Directory.Build.props Directory.Packages.props global.json /L /NJH /NJS /NP /NS /NC /NFL /NDL >nul 2>&1
if not "%errorlevel%"=="0" exit /b 1
exit /b 0

:build_alone
set "code=0"
call :is_current && exit /b 0
pushd "%root%"
dotnet --version >nul 2>&1
if errorlevel 1 (
    >con echo zoorank: no .NET SDK 10 was found. Install it from https://dot.net.
    popd
    set "code=2"
    exit /b 2
)
>con echo building ZooRank (first use)...
rem The mirror first: what is edited while the build runs belongs to the next one. It counts only once the build is there.
robocopy "%root%src" "%mirror%.new\src" /MIR /NJH /NJS /NP /NS /NC /NFL /NDL >nul 2>&1
robocopy "%root%shipped" "%mirror%.new\shipped" /MIR /NJH /NJS /NP /NS /NC /NFL /NDL >nul 2>&1
robocopy "%root%." "%mirror%.new" Directory.Build.props Directory.Packages.props global.json /NJH /NJS /NP /NS /NC /NFL /NDL >nul 2>&1
dotnet build src\ZooRank.Cli -c Release -v q --disable-build-servers >"%artifacts%\zoorank.log" 2>&1 <nul
if errorlevel 1 (
    >con type "%artifacts%\zoorank.log"
    >con echo zoorank: the build failed; its output is above. If a package could not be fetched, the first build needs a connection to NuGet.
    rmdir /s /q "%mirror%.new" 2>nul
    popd
    set "code=1"
    exit /b 1
)
rem Compiled for the processor it starts sooner; without, it runs all the same.
dotnet build src\Precompile -v q --disable-build-servers >>"%artifacts%\zoorank.log" 2>&1 <nul
rmdir /s /q "%mirror%" 2>nul
move "%mirror%.new" "%mirror%" >nul
popd
exit /b 0
